<#
.SYNOPSIS
Upgrades an AKS cluster to a version, control plane first, then its node pools.

.DESCRIPTION
Needs the Azure CLI, signed in (azure/login or AzureCLI@2 before this step). Running it again with the same version
changes nothing. A cluster cannot be downgraded: use it with irreversible, and with verified backups.
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)] [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$')] [string] $Cluster,
    [Parameter(Mandatory)] [ValidatePattern('^\d+\.\d+\.\d+$')] [string] $Version,
    [ValidatePattern('^[-\w.()]{1,90}$')] [string] $ResourceGroup = $env:AKS_RESOURCE_GROUP
)
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

function Invoke-Az {
    # A native program that fails does not stop PowerShell by itself.
    $output = & az @args --only-show-errors --output json
    if ($LASTEXITCODE -ne 0) { throw "az $($args[0..1] -join ' ') ended with exit code $LASTEXITCODE." }
    if ($output) { $output | ConvertFrom-Json }
}

if (-not $ResourceGroup) { throw 'Name the resource group: -ResourceGroup, or AKS_RESOURCE_GROUP in the environment.' }
$found = Invoke-Az aks show --name $Cluster --resource-group $ResourceGroup
if ($found.provisioningState -ne 'Succeeded') { throw "$Cluster is $($found.provisioningState): wait until nothing else changes it." }
$pools = @($found.agentPoolProfiles | Where-Object { $_.currentOrchestratorVersion -ne $Version })
if ($found.currentKubernetesVersion -eq $Version -and $pools.Count -eq 0) {
    Write-Output "$Cluster is at $Version already."
    return
}
$offered = @((Invoke-Az aks get-upgrades --name $Cluster --resource-group $ResourceGroup).controlPlaneProfile.upgrades.kubernetesVersion)
if ($found.currentKubernetesVersion -ne $Version -and $Version -notin $offered) {
    throw "$Cluster cannot go from $($found.currentKubernetesVersion) to $Version; offered are: $($offered -join ', ')."
}
if ($PSCmdlet.ShouldProcess($Cluster, "upgrade from $($found.currentKubernetesVersion) to $Version")) {
    Invoke-Az aks upgrade --name $Cluster --resource-group $ResourceGroup --kubernetes-version $Version --yes | Out-Null
    $after = Invoke-Az aks show --name $Cluster --resource-group $ResourceGroup
    $behind = @($after.agentPoolProfiles | Where-Object { $_.currentOrchestratorVersion -ne $Version } | ForEach-Object name)
    if ($after.currentKubernetesVersion -ne $Version -or $behind.Count -gt 0) {
        throw "$Cluster is at $($after.currentKubernetesVersion) after the upgrade; node pools behind: $($behind -join ', ')."
    }
    Write-Output "$Cluster and its node pools are at $Version."
}
