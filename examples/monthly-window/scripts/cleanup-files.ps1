<#
.SYNOPSIS
Deletes files that are older than a number of days below given folders.

.DESCRIPTION
Meant for what releases and logs leave behind. It deletes files only, never follows a link out of a folder, and refuses
roots whose loss would hurt: drives, the system's folders, shares as a whole, folders right below a drive. What it would
delete is told by -WhatIf. Nothing takes it back: run it as irreversible, after a run with -WhatIf was looked at.

.PARAMETER Root
Folders to clean, several separated by semicolons: -File hands on one text, and commas are allowed in names.

.PARAMETER OlderThanDays
Only files that were last written more than so many days ago; at least 1.

.PARAMETER Include
Patterns of names, several separated by semicolons; all files when left out.

.PARAMETER MostFiles
More than these are not deleted at once: nothing is then, as something else than meant may have matched.

.EXAMPLE
pwsh -File cleanup-files.ps1 -Root "D:\releases\old;D:\logs\web" -OlderThanDays 30 -Include "*.zip;*.log" -WhatIf

.NOTES
Exit codes: 0 done, 2 some files could not be deleted (the rest is), 1 refused or failed and nothing was deleted.
#>
#Requires -Version 5.1
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)]
    [ValidateNotNullOrEmpty()]
    [string] $Root,

    [Parameter(Mandatory)]
    [ValidateRange(1, 3650)]
    [int] $OlderThanDays,

    [string] $Include = '*',

    [ValidateRange(1, 10000000)]
    [int] $MostFiles = 100000
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function Split-List([string] $text) {
    return , @($text -split ';' | ForEach-Object { $_.Trim() } | Where-Object { $_ -ne '' })
}

# Why a folder must not be cleaned; nothing when it may be.
function Get-Objection([string] $path) {
    if (-not [IO.Path]::IsPathRooted($path)) { return "$path is not an absolute path." }
    if ($path -match '[*?\[\]]') { return "$path has a wildcard; name the folder itself." }
    $full = [IO.Path]::GetFullPath($path).TrimEnd('\', '/')
    if (-not (Test-Path -LiteralPath $path -PathType Container)) { return "$path is not a folder." }

    $drive = [IO.Path]::GetPathRoot([IO.Path]::GetFullPath($path)).TrimEnd('\', '/')
    # Of D:\logs\web there is something above and something below the folder that is named; of D:\ and D:\logs too little.
    $below = $full.Substring($drive.Length).Trim('\', '/')
    if ($below -eq '') { return "$path is a drive, a share or the root of the file system." }
    if ($below -notmatch '[\\/]') { return "$path is right below a drive or the root; name a folder further down." }

    $kept = @($env:SystemRoot, $env:ProgramFiles, ${env:ProgramFiles(x86)}, $env:ProgramData, $env:USERPROFILE, $env:HOME, '/etc', '/usr', '/var/lib', '/boot', '/bin', '/lib') |
        Where-Object { $_ }
    foreach ($folder in $kept) {
        $other = [IO.Path]::GetFullPath($folder).TrimEnd('\', '/')
        if ($full -eq $other) { return "$path is $other itself." }
        # Below a home or the program data there is much that may be cleaned; below these, nothing.
        $sacred = $other -in @($env:SystemRoot, $env:ProgramFiles, ${env:ProgramFiles(x86)}, '/etc', '/usr', '/boot', '/bin', '/lib')
        if ($sacred -and $full.StartsWith($other + [IO.Path]::DirectorySeparatorChar, [StringComparison]::OrdinalIgnoreCase)) { return "$path is in $other." }
        if ($other.StartsWith($full + [IO.Path]::DirectorySeparatorChar, [StringComparison]::OrdinalIgnoreCase)) { return "$path holds $other." }
    }
    if ((Get-Item -LiteralPath $path -Force).LinkType) { return "$path is a link; name the folder it leads to." }
    return $null
}

# Goes down by itself: Get-ChildItem -Recurse of Windows PowerShell follows junctions, and out of the folder with them.
function Get-OldFile([string] $folder, [datetime] $before, [string[]] $patterns) {
    $pending = New-Object System.Collections.Generic.Stack[string]
    $pending.Push($folder)
    while ($pending.Count -gt 0) {
        foreach ($item in Get-ChildItem -LiteralPath $pending.Pop() -Force) {
            if ($item.Attributes -band [IO.FileAttributes]::ReparsePoint) { continue }
            if ($item.PSIsContainer) { $pending.Push($item.FullName); continue }
            if ($item.LastWriteTimeUtc -ge $before) { continue }
            $name = $item.Name
            if (@($patterns | Where-Object { $name -like $_ }).Count -gt 0) { $item }
        }
    }
}

try {
    $roots = Split-List $Root
    $patterns = Split-List $Include
    if ($roots.Count -eq 0) { throw 'No folder was named.' }
    if ($patterns.Count -eq 0) { throw 'No pattern was named.' }
    # All folders are looked at before the first file goes.
    $objections = @($roots | ForEach-Object { Get-Objection $_ } | Where-Object { $_ })
    if ($objections.Count -gt 0) { throw ($objections -join "`n") }

    $before = (Get-Date).ToUniversalTime().AddDays(-$OlderThanDays)
    $old = @($roots | ForEach-Object { Get-OldFile $_ $before $patterns } | Sort-Object -Property FullName -Unique)
    [long] $bytes = 0
    foreach ($file in $old) { $bytes += $file.Length }
    $amount = '{0:N1} MB' -f ($bytes / 1mb)
    if ($old.Count -gt $MostFiles) { throw "$($old.Count) files ($amount) would be deleted, more than the $MostFiles of -MostFiles." }
    Write-Output "$($old.Count) files ($amount) were last written before $($before.ToString('u'))."
} catch {
    Write-Host "FAILED: $($_.Exception.Message) Nothing was deleted."
    exit 1
}

$deleted = 0
$failed = 0
foreach ($file in $old) {
    if (-not $PSCmdlet.ShouldProcess($file.FullName, 'delete')) { continue }
    try {
        # Somebody may have gone on writing since it was listed.
        $file.Refresh()
        if (-not $file.Exists -or $file.LastWriteTimeUtc -ge $before) { continue }
        # -Force for read-only files; WhatIf was asked above, once for each file.
        Remove-Item -LiteralPath $file.FullName -Force -WhatIf:$false -Confirm:$false
        $deleted++
    } catch {
        $failed++
        Write-Host "Not deleted: $($file.FullName): $($_.Exception.Message)"
    }
}
Write-Output "$deleted files deleted, $failed could not be."
if ($failed -gt 0) { exit 2 }
exit 0
