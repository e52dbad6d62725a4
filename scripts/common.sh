# What the scripts share: sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BCSSL_BUILD_DIR:-$root/build}
llvm=/usr/lib/llvm-22
# Where scripts/bootstrap --bench-newer puts PyPI's PyTorch.
newer_python=$build/newer-torch/bin/python

say() { printf '== %s\n' "$*" >&2; }

# fail CODE WORDS...: the exit codes of runtime/base/Status.h.
fail() {
  local code=$1
  shift
  printf 'error: %s\n' "$*" >&2
  exit "$code"
}

# The comment at the head of the script is its help text.
print_help() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }

# Installs Debian packages where something is missing; quick where nothing is.
ensure_packages() { "$root/scripts/bootstrap" --quiet "$@"; }

# configure DIRECTORY [CMAKE ARGUMENTS...]: the preset of CMakePresets.json.
configure() {
  local directory=$1
  shift
  say "configuring $directory"
  cmake -S "$root" --preset release -B "$directory" "$@" >&2
}

# build_in DIRECTORY [TARGETS...]. The sloppiness lets ccache work with the
# precompiled header.
build_in() {
  local directory=$1
  shift
  say "building in $directory"
  CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime \
    ninja -C "$directory" -j "${BCSSL_JOBS:-$(nproc)}" "$@" >&2
}

# The path of ptxas, or nothing: BCSSL_PTXAS, the PATH, the usual place.
find_ptxas() {
  local candidate
  for candidate in "${BCSSL_PTXAS:-}" "$(command -v ptxas || true)" \
    "${CUDA_HOME:-/usr/local/cuda}/bin/ptxas"; do
    if [[ -n $candidate && -x $candidate ]]; then
      printf '%s\n' "$candidate"
      return
    fi
  done
}

# The path of NCCL's library, or nothing.
find_nccl() { { ldconfig -p 2>/dev/null || /sbin/ldconfig -p; } | awk '/libnccl\.so/ {print $NF; exit}'; }
