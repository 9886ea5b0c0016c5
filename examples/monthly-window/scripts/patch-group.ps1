<#
.SYNOPSIS
Puts servers into a group of the update server (WSUS) and starts their updates; with -Remove, takes them out again.

.DESCRIPTION
Runs on a machine with the WSUS administration tools (RSAT: Windows Server Update Services) as somebody who may manage
the update server and reach the servers by PowerShell remoting. All is checked before anything is changed, and running
it twice changes nothing the second time.

Updates that begin to install cannot be taken back: -Remove takes the servers out of the group, whoever put them in, so
that no further update reaches them by it, and removes the task that this script left on them.

The servers are not restarted by this script. What waits for a restart is told by exit code 3010.

.PARAMETER Group
Name of the WSUS computer group, such as "2026-11 web servers". It must exist: what is approved for it is the patching
lead's decision, not this script's.

.PARAMETER Server
Names of the servers as WSUS knows them (fully qualified), several separated by commas: -File hands on one text.

.PARAMETER WsusServer
Name of the update server; the variable WSUS_SERVER when left out.

.PARAMETER MinutesToWait
How long to wait for the updates on all servers; 0 only starts them.

.EXAMPLE
powershell.exe -File patch-group.ps1 -Group "2026-11 web servers" -Server "web1.example.com,web2.example.com" -WhatIf

.NOTES
Exit codes: 0 done, 3010 done and a restart is needed, 1 failed (nothing of what follows was done).
The module UpdateServices is built on the .NET Framework: started by pwsh, the script starts itself again by Windows
PowerShell 5.1.
#>
#Requires -Version 5.1
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)]
    [ValidateNotNullOrEmpty()]
    [string] $Group,

    [Parameter(Mandatory)]
    [ValidateNotNullOrEmpty()]
    [string] $Server,

    [string] $WsusServer = $env:WSUS_SERVER,

    [ValidateRange(1, 65535)]
    [int] $Port = 8531,

    [ValidateRange(0, 1440)]
    [int] $MinutesToWait = 120,

    [switch] $Remove
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Progress bars are noise in a pipeline's log.
$ProgressPreference = 'SilentlyContinue'

if ($PSVersionTable.PSEdition -eq 'Core') {
    if (-not $IsWindows) { Write-Host 'FAILED: The WSUS administration tools are on Windows only.'; exit 1 }
    $again = foreach ($given in $PSBoundParameters.GetEnumerator()) {
        # A switch has no value of its own on a command line.
        if ($given.Value -is [switch]) { if ($given.Value) { "-$($given.Key)" } }
        else { "-$($given.Key)"; [string] $given.Value }
    }
    & powershell.exe -NoLogo -NoProfile -NonInteractive -ExecutionPolicy RemoteSigned -File $PSCommandPath @again
    exit $LASTEXITCODE
}

$TaskName = 'MaintenanceTasks-InstallUpdates'
$LogFolder = '%ProgramFiles%\MaintenanceTasks'

# What runs on each server, as SYSTEM, started by its task scheduler. Windows Update refuses to download and install for
# somebody who is signed in remotely, so remoting only plants the task and reads what it wrote.
# https://learn.microsoft.com/windows/win32/wua_sdk/using-wua-from-a-remote-computer
$InstallUpdates = @'
$ErrorActionPreference = "Stop"
$file = Join-Path $PSScriptRoot "updates.json"
function Save([string] $state, [int] $count, [bool] $restart, [string] $message) {
    # Written beside and moved, so that nobody reads half a file.
    $content = @{ state = $state; count = $count; restart = $restart; message = $message; at = (Get-Date).ToUniversalTime().ToString("o") }
    $content | ConvertTo-Json | Set-Content -Encoding UTF8 -Path "$file.part"
    Move-Item -Force -Path "$file.part" -Destination $file
}
try {
    Save "searching" 0 $false ""
    $session = New-Object -ComObject Microsoft.Update.Session
    $searcher = $session.CreateUpdateSearcher()
    # 1: the managed server, which is WSUS; not whatever Microsoft Update has.
    $searcher.ServerSelection = 1
    $found = $searcher.Search("IsInstalled=0 and IsHidden=0 and Type='Software'").Updates
    $updates = New-Object -ComObject Microsoft.Update.UpdateColl
    foreach ($update in $found) {
        if ($update.InstallationBehavior.CanRequestUserInput) { continue }
        if (-not $update.EulaAccepted) { $update.AcceptEula() }
        $null = $updates.Add($update)
    }
    if ($updates.Count -eq 0) { Save "done" 0 $false "nothing to install"; exit 0 }
    Save "downloading" $updates.Count $false ""
    $downloader = $session.CreateUpdateDownloader()
    $downloader.Updates = $updates
    $null = $downloader.Download()
    Save "installing" $updates.Count $false ""
    $installer = $session.CreateUpdateInstaller()
    $installer.Updates = $updates
    $result = $installer.Install()
    # 2: succeeded; 3: succeeded with errors; 4: failed; 5: aborted.
    $state = if ($result.ResultCode -eq 2) { "done" } else { "failed" }
    Save $state $updates.Count $result.RebootRequired "result code $($result.ResultCode)"
} catch {
    Save "failed" 0 $false $_.Exception.Message
}
'@

function Get-ServerName {
    # @() keeps a list of one a list.
    $names = @($Server -split '[,;\s]+' | Where-Object { $_ -ne '' } | ForEach-Object { $_.ToLowerInvariant() } | Select-Object -Unique)
    if ($names.Count -eq 0) { throw 'No server was named.' }
    return , $names
}

function Connect-UpdateServer {
    if ([string]::IsNullOrWhiteSpace($WsusServer)) {
        throw 'The update server is not known: give -WsusServer or set WSUS_SERVER.'
    }
    if (-not (Get-Module -ListAvailable -Name UpdateServices)) {
        throw 'The module UpdateServices is missing: install the WSUS administration tools on this machine (RSAT).'
    }
    Import-Module UpdateServices
    # 8530 is WSUS without TLS, 8531 with it.
    return Get-WsusServer -Name $WsusServer -PortNumber $Port -UseSsl:($Port -ne 8530 -and $Port -ne 80)
}

function Get-TargetGroup($wsus) {
    $found = @($wsus.GetComputerTargetGroups() | Where-Object { $_.Name -eq $Group })
    if ($found.Count -ne 1) { throw "The update server $WsusServer has no computer group '$Group'." }
    return $found[0]
}

# Every server must be known and reachable before the first one is touched: all problems at once.
function Get-Target($wsus, [string[]] $names) {
    $problems = New-Object System.Collections.Generic.List[string]
    $targets = foreach ($name in $names) {
        # Searching by name would find every server whose name begins so.
        $target = $null
        try { $target = $wsus.GetComputerTargetByName($name) } catch { $problems.Add("$name is not known to the update server: $($_.Exception.Message)") }
        if ($null -ne $target) { $target }
        if (-not $Remove) {
            try { $null = Test-WSMan -ComputerName $name } catch { $problems.Add("$name does not answer to PowerShell remoting.") }
        }
    }
    if ($problems.Count -gt 0) { throw ("Nothing was changed.`n" + ($problems -join "`n")) }
    return , @($targets)
}

function Test-Member($target, $targetGroup) {
    return @($target.ComputerTargetGroupIds) -contains $targetGroup.Id
}

function Add-ToGroup($target, $targetGroup) {
    $name = $target.FullDomainName
    if (Test-Member $target $targetGroup) { Write-Output "$name is in '$Group' already."; return }
    if (-not $PSCmdlet.ShouldProcess($name, "add to the WSUS group '$Group'")) { return }
    $targetGroup.AddComputerTarget($target)
    Write-Output "$name was added to '$Group'."
}

function Remove-FromGroup($target, $targetGroup) {
    $name = $target.FullDomainName
    if (-not (Test-Member $target $targetGroup)) { Write-Output "$name is not in '$Group'."; return }
    if (-not $PSCmdlet.ShouldProcess($name, "remove from the WSUS group '$Group'")) { return }
    $targetGroup.RemoveComputerTarget($target)
    Write-Output "$name was removed from '$Group'."
}

function Start-Update([string] $name) {
    if (-not $PSCmdlet.ShouldProcess($name, 'search and install updates')) { return }
    Invoke-Command -ComputerName $name -ArgumentList $TaskName, $InstallUpdates -ScriptBlock {
        param($taskName, $installUpdates)
        $ErrorActionPreference = 'Stop'
        $running = Get-ScheduledTask -TaskName $taskName -ErrorAction SilentlyContinue
        if ($running -and $running.State -eq 'Running') { Write-Output "$env:COMPUTERNAME installs updates already."; return }
        # Where only administrators may write: SYSTEM runs what is there. Anybody may create files in ProgramData.
        $folder = Join-Path $env:ProgramFiles 'MaintenanceTasks'
        $null = New-Item -ItemType Directory -Force -Path $folder
        Remove-Item -LiteralPath (Join-Path $folder 'updates.json') -Force -ErrorAction SilentlyContinue
        $script = Join-Path $folder 'install-updates.ps1'
        Set-Content -LiteralPath $script -Value $installUpdates -Encoding UTF8
        $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$script`""
        $system = New-ScheduledTaskPrincipal -UserId 'SYSTEM' -LogonType ServiceAccount -RunLevel Highest
        # Without this a task ends after three days at the latest; updates that take four hours have gone wrong.
        $settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit (New-TimeSpan -Hours 4) -MultipleInstances IgnoreNew
        $null = Register-ScheduledTask -TaskName $taskName -Action $action -Principal $system -Settings $settings -Force
        Start-ScheduledTask -TaskName $taskName
        Write-Output "$env:COMPUTERNAME searches for updates."
    }
}

function Stop-Update([string] $name) {
    if (-not $PSCmdlet.ShouldProcess($name, 'remove the task that installs updates')) { return }
    Invoke-Command -ComputerName $name -ArgumentList $TaskName -ScriptBlock {
        param($taskName)
        # What installs at this moment is left to its end: cut off, it leaves a server half updated.
        $task = Get-ScheduledTask -TaskName $taskName -ErrorAction SilentlyContinue
        if ($task -and $task.State -eq 'Running') { Write-Warning "$env:COMPUTERNAME still installs updates; its task stays."; return }
        if ($task) { Unregister-ScheduledTask -TaskName $taskName -Confirm:$false; Write-Output "$env:COMPUTERNAME has no such task any more." }
    }
}

function Get-UpdateState([string] $name) {
    try {
        $text = Invoke-Command -ComputerName $name -ScriptBlock {
            $file = Join-Path $env:ProgramFiles 'MaintenanceTasks\updates.json'
            if (Test-Path -LiteralPath $file) { Get-Content -Raw -LiteralPath $file } else { '{ "state": "starting" }' }
        }
        return $text | ConvertFrom-Json
    } catch {
        # A server may be out of reach for a while; the wait has its own end.
        return [pscustomobject]@{ state = 'unreachable' }
    }
}

# Returns what each server came to; a server that is not done in time counts as failed.
function Wait-Update([string[]] $names) {
    $until = (Get-Date).AddMinutes($MinutesToWait)
    $results = @{}
    while ($results.Count -lt $names.Count -and (Get-Date) -lt $until) {
        foreach ($name in $names | Where-Object { -not $results.ContainsKey($_) }) {
            $state = Get-UpdateState $name
            if ($state.state -in 'done', 'failed') {
                $results[$name] = $state
                Write-Host "${name}: $($state.state), $($state.count) updates ($($state.message))"
            }
        }
        if ($results.Count -lt $names.Count) {
            Write-Host "Waiting for $($names.Count - $results.Count) of $($names.Count) servers, until $($until.ToString('HH:mm'))."
            Start-Sleep -Seconds 60
        }
    }
    foreach ($name in $names | Where-Object { -not $results.ContainsKey($_) }) {
        $results[$name] = [pscustomobject]@{ state = 'failed'; restart = $false }
        Write-Host "${name}: not done after $MinutesToWait minutes; it goes on by itself. See $LogFolder there."
    }
    return $results
}

try {
    $names = Get-ServerName
    $wsus = Connect-UpdateServer
    $targetGroup = Get-TargetGroup $wsus
    $targets = Get-Target $wsus $names

    if ($Remove) {
        foreach ($target in $targets) { Remove-FromGroup $target $targetGroup }
        foreach ($name in $names) { Stop-Update $name }
        exit 0
    }

    # With client-side targeting the servers choose their group by policy, and WSUS refuses to add them.
    if ($wsus.GetConfiguration().TargetingMode -ne 'Server') {
        throw "The update server $WsusServer takes groups from the servers' policy (client-side targeting): change the policy instead."
    }
    foreach ($target in $targets) { Add-ToGroup $target $targetGroup }
    foreach ($name in $names) { Start-Update $name }
    if ($WhatIfPreference -or $MinutesToWait -eq 0) { exit 0 }

    $results = Wait-Update $names
    if (@($results.Values | Where-Object { $_.state -ne 'done' }).Count -gt 0) { exit 1 }
    if (@($results.Values | Where-Object { $_.restart }).Count -gt 0) { exit 3010 }
    exit 0
} catch {
    # To the log as it is: an error record would be cut into coloured pieces.
    Write-Host "FAILED: $($_.Exception.Message)"
    exit 1
}
