# How lit runs the tests of dialects, passes and tools: a test is a file with
# RUN lines, its folder is that of the source it tests.

import os

import lit.formats

config.name = "bcssl"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.bcssl_build_dir, "test")

# The tools of this build come first, then FileCheck and its like of the LLVM
# that it was built with; neither is expected in the caller's PATH.
config.environment["PATH"] = os.pathsep.join(
    [
        os.path.join(config.bcssl_build_dir, "bin"),
        config.llvm_tools_dir,
        config.environment["PATH"],
    ]
)

# Kept code of earlier runs, outside of the caller's home.
config.environment["BCSSL_CACHE_DIR"] = os.path.join(config.test_exec_root, "cache")

# NVIDIA's assembler: tests that need it say `REQUIRES: ptxas` and write %ptxas.
# The caller's variable comes before what CMake found.
ptxas = os.environ.get("BCSSL_PTXAS") or config.ptxas
if os.access(ptxas, os.X_OK):
    config.available_features.add("ptxas")
    config.environment["BCSSL_PTXAS"] = ptxas
    config.substitutions.append(("%ptxas", ptxas))

# The CUDA driver that runs on the host (docs/Simt.md): tests that open it say
# `REQUIRES: simt` and write %simt.
simt = os.path.join(config.bcssl_build_dir, "lib", "libbcssl-simt.so")
if os.path.exists(simt):
    config.available_features.add("simt")
    config.substitutions.append(("%simt", simt))
