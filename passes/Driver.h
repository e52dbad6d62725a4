//===- Driver.h - from a module to an artifact ------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_DRIVER_H
#define BCSSL_PASSES_DRIVER_H

#include "passes/Pipelines.h"

#include <string>
#include <vector>

namespace bcssl {

struct CompileOptions {
  Stage from = Stage::Input;
  Stage to = Stage::Executable;
  std::vector<std::string> targets{"cpu:native"}; ///< as parseTargets() reads
  KernelFormation formation;
  std::string
      dumpDirectory;   ///< writes the module after each stage, if not empty
  bool timing = false; ///< prints seconds per stage to stderr
  std::string ptxas;   ///< NVIDIA's assembler; empty: looked for
  bool cache = true;   ///< keeps what ptxas made for the next time
  bool strict = false; ///< GPU kernels that will be slow are errors
};

/// Runs the passes of the stages from `from` to `to`, at most up to
/// Stage::Planned.
mlir::LogicalResult runStages(mlir::ModuleOp module,
                              const CompileOptions &options);

/// Runs the stages from `from` to `to`. Returns the text of the module, or the
/// bytes of the artifact when `to` is Stage::Executable. The dictionary
/// attribute `bcssl.properties` of the module becomes the artifact's
/// properties. The bytes are the same however the way is divided into calls. An
/// artifact for CUDA chips also holds PTX for the oldest one, from which
/// drivers make code for every later one.
mlir::FailureOr<std::string> compile(mlir::ModuleOp module,
                                     const CompileOptions &options);

} // namespace bcssl

#endif // BCSSL_PASSES_DRIVER_H
