<#
.SYNOPSIS
Removes an entry from a zone of the directory's DNS, and puts it back with -Restore.

.DESCRIPTION
Needs the DnsServer module and the right to change the zone. What is removed is written to the evidence folder first, which
the pipeline carries from job to job; -Restore reads it from there.
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)] [ValidatePattern('^[A-Za-z0-9.-]+$')] [string] $Zone,
    [Parameter(Mandatory)] [ValidatePattern('^[A-Za-z0-9_-]+$')] [string] $Name,
    [ValidateSet('A', 'CNAME')] [string] $Type = 'A',
    [string] $Server = $env:DNS_SERVER,
    [string] $Folder = 'maintenance-evidence',
    [switch] $Restore
)
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

$target = @{ ZoneName = $Zone; Name = $Name }
if ($Server) { $target.ComputerName = $Server }
$saved = Join-Path $Folder "dns-$Name.$Zone-$Type.saved"

function Get-Value($Record) {
    if ($Type -eq 'A') { $Record.RecordData.IPv4Address.IPAddressToString } else { $Record.RecordData.HostNameAlias }
}

$standing = @(Get-DnsServerResourceRecord @target -RRType $Type -ErrorAction SilentlyContinue)

if (-not $Restore) {
    if ($standing.Count -eq 0) { Write-Output "$Name.$Zone has no $Type record."; return }
    $values = $standing | ForEach-Object { @{ value = Get-Value $_; seconds = [int] $_.TimeToLive.TotalSeconds } }
    New-Item -ItemType Directory -Force -Path $Folder | Out-Null
    # Written before anything is removed, and never over what an earlier run removed.
    if (-not (Test-Path $saved)) { ConvertTo-Json @($values) | Set-Content -Path $saved -Encoding utf8 }
    if ($PSCmdlet.ShouldProcess("$Name.$Zone", "remove $($standing.Count) $Type record(s)")) {
        $standing | ForEach-Object { Remove-DnsServerResourceRecord @target -RRType $Type -RecordData (Get-Value $_) -Force }
        Write-Output "Removed $Name.$Zone ($Type): $(($values | ForEach-Object { $_.value }) -join ', ')."
    }
    return
}

if (-not (Test-Path $saved)) { throw "There is no $saved: it is not known what stood at $Name.$Zone." }
foreach ($record in @(Get-Content -Raw $saved | ConvertFrom-Json)) {
    if (@($standing | Where-Object { (Get-Value $_) -eq $record.value }).Count -gt 0) { continue }
    $lifetime = [TimeSpan]::FromSeconds($record.seconds)
    if ($PSCmdlet.ShouldProcess("$Name.$Zone", "add $Type $($record.value)")) {
        if ($Type -eq 'A') { Add-DnsServerResourceRecordA @target -IPv4Address $record.value -TimeToLive $lifetime }
        else { Add-DnsServerResourceRecordCName @target -HostNameAlias $record.value -TimeToLive $lifetime }
        Write-Output "Put back $Name.$Zone ($Type): $($record.value)."
    }
}
