# Installs crunch for this user, from the relay that this script came from:
#   {{insecureFirst}}irm {{base}}/install.ps1 | iex
# CRUNCH_INSTALL_DIR names another directory than %LOCALAPPDATA%\Programs\crunch; CRUNCH_INSTALL_INSECURE=1 takes what
# comes without TLS.

& {
  $ErrorActionPreference = 'Stop'
  # Without it, showing progress takes longer than the download.
  $ProgressPreference = 'SilentlyContinue'

  $base = '{{base}}'
  $command = '{{command}}'
  $problem = '{{problem}}'

  if ($problem) { throw "install.ps1: $problem" }
  # Over plain HTTP anybody on the way can change the program, and this script.
  $from = [uri]$base
  if ($from.Scheme -ne 'https' -and -not $from.IsLoopback -and -not $env:CRUNCH_INSTALL_INSECURE) {
    throw "install.ps1: $base is not encrypted: anybody on the way could change what is installed. Ask its operator for an https address, or where you trust the network, type: `$env:CRUNCH_INSTALL_INSECURE = 1; irm $base/install.ps1 | iex"
  }
  Write-Host 'the signature is not verified, as PowerShell cannot; only the checksum, which comes from the same relay, is compared'
  $directory = $env:CRUNCH_INSTALL_DIR
  if (-not $directory) { $directory = Join-Path $env:LOCALAPPDATA 'Programs\crunch' }

  $sums = @{}
  $text = Invoke-RestMethod -UseBasicParsing "$base/download/SHA256SUMS"
  foreach ($line in $text -split "`n") {
    if ($line -match '^([0-9a-f]{64})  (\S+)\s*$') { $sums[$Matches[2]] = $Matches[1] }
  }
  $name = 'crunch-windows-x64.exe'
  # Windows on ARM runs the other one, too.
  if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64' -and $sums['crunch-windows-arm64.exe']) {
    $name = 'crunch-windows-arm64.exe'
  }
  if (-not $sums[$name]) {
    throw "install.ps1: this relay has no $name; its operator puts it into the directory of --downloads"
  }

  New-Item -ItemType Directory -Force $directory | Out-Null
  $new = Join-Path $directory "crunch-$([guid]::NewGuid().ToString('N')).exe"
  try {
    Write-Host "fetching $base/download/$name"
    Invoke-WebRequest -UseBasicParsing -OutFile $new "$base/download/$name"
    $found = (Get-FileHash -Algorithm SHA256 $new).Hash.ToLowerInvariant()
    if ($found -ne $sums[$name]) {
      throw "install.ps1: what came is damaged: its SHA-256 is $found, not $($sums[$name]); try again"
    }
    $version = & $new --version
    if ($LASTEXITCODE -ne 0) { throw "install.ps1: $name does not start on this machine" }
    $program = Join-Path $directory 'crunch.exe'
    # A program that runs can be renamed, but not replaced.
    if (Test-Path $program) {
      Remove-Item "$program.old" -Force -ErrorAction SilentlyContinue
      Move-Item $program "$program.old" -Force
    }
    Move-Item $new $program -Force
  } finally {
    Remove-Item $new -Force -ErrorAction SilentlyContinue
  }

  Write-Host "installed $(@($version)[0]) as $program"
  if (($env:Path -split ';') -notcontains $directory) {
    Write-Host 'Your shell does not look there for programs yet. Type this:'
    Write-Host "  [Environment]::SetEnvironmentVariable('Path', [Environment]::GetEnvironmentVariable('Path', 'User') + ';$directory', 'User'); `$env:Path += ';$directory'"
  }
  if (-not $command) {
    Write-Host 'Agents on other machines cannot reach this relay yet: its operator starts it with --tunnel :8021.'
    return
  }
  Write-Host 'Publish a folder with'
  Write-Host "  $command"
  Write-Host "NAME and its password are of an account that this relay's operator makes for you."
}
