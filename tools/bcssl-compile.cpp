//===- bcssl-compile.cpp - models and programs to artifacts ---------------===//

#include "models/Zoo.h"
#include "passes/Driver.h"
#include "runtime/base/AtomicFile.h"
#include "runtime/base/Flags.h"
#include "tools/ModelReport.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

#include <map>

using namespace bcssl;

namespace {

struct Arguments {
  std::string input, output = "-", model, from = "input", to = "executable";
  std::string precision = "f32", store = "activations";
  std::vector<std::string> targets;
  CompileOptions compile;
  bool describe = false, listModels = false;
  std::map<std::string, std::string> modelOptions;
};

/// The model's options: its defaults for the method, then what was given.
models::Options optionsOf(const Flags &flags, const Arguments &arguments) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const auto &[name, value] : arguments.modelOptions)
    if (flags.given(name))
      settings.emplace_back(name, value);
  return models::resolveOptions(arguments.model, settings);
}

int write(const std::string &file, const std::string &bytes) {
  if (file == "-") {
    llvm::outs() << bytes;
    return 0;
  }
  Status status = writeFileAtomically(file, bytes);
  if (status)
    return 0;
  llvm::errs() << "bcssl-compile: " << status.error().text() << "\n";
  return static_cast<int>(status.error().code);
}

/// The artifact, the text of the stage to stop after, or the model's report.
mlir::FailureOr<std::string> produce(const Flags &flags,
                                     const Arguments &arguments) {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  // Errors are printed without a handler, warnings are not.
  mlir::ScopedDiagnosticHandler printer(&context, [](mlir::Diagnostic &note) {
    if (note.getSeverity() != mlir::DiagnosticSeverity::Warning)
      return mlir::failure();
    llvm::errs() << note.getLocation() << ": warning: " << note << "\n";
    return mlir::success();
  });
  if (arguments.describe)
    return reportModel(context, optionsOf(flags, arguments), arguments.compile);
  auto module =
      arguments.model.empty()
          ? mlir::parseSourceFile<mlir::ModuleOp>(arguments.input, &context)
          : moduleOf(context, optionsOf(flags, arguments),
                     arguments.compile.formation.precision);
  if (!module)
    return mlir::failure();
  return compile(*module, arguments.compile);
}

int run(const Flags &flags, Arguments &arguments) {
  if (arguments.listModels) {
    for (const std::string &name : models::modelNames())
      llvm::outs() << name << "\n";
    return 0;
  }
  if (arguments.model.empty() == arguments.input.empty()) {
    llvm::errs() << "bcssl-compile: expects either --model or an input file\n";
    return static_cast<int>(ExitCode::Usage);
  }
  if (arguments.describe && arguments.model.empty()) {
    llvm::errs() << "bcssl-compile: --describe expects --model\n";
    return static_cast<int>(ExitCode::Usage);
  }
  auto from = parseStage(arguments.from), to = parseStage(arguments.to);
  if (!from || !to || *from > *to) {
    llvm::errs() << "bcssl-compile: expects --from and --to in the order "
                    "input, differentiated, "
                    "expanded, kernels, planned, executable\n";
    return static_cast<int>(ExitCode::Usage);
  }
  KernelFormation &formation = arguments.compile.formation;
  if (arguments.precision == nameOf(Precision::Bf16))
    formation.precision = Precision::Bf16;
  if (arguments.store == "anchors")
    formation.narrowElements = 0;
  arguments.compile.from = *from;
  arguments.compile.to = *to;
  if (!arguments.targets.empty())
    arguments.compile.targets = arguments.targets;
  auto bytes = produce(flags, arguments);
  return mlir::failed(bytes) ? static_cast<int>(ExitCode::Failed)
                             : write(arguments.output, *bytes);
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  bool noCache = false, noMerge = false, noSpecialize = false;
  Flags flags(
      "bcssl-compile",
      "Compiles a model, or programs in MLIR text, to an artifact.",
      {"bcssl-compile --model=micro --method=dino --batch=64 -o step.bcx",
       "bcssl-compile --model=bcssl-tiny --kernel=31 --to=kernels -o "
       "kernels.mlir",
       "bcssl-compile kernels.mlir --from=kernels -o step.bcx",
       "bcssl-compile --model=bcssl-tiny --target=cuda:sm_90a,cuda:sm_80 -o "
       "step.bcx"});
  flags.positional("input", arguments.input, "MLIR text; not with --model");
  flags.add("output", arguments.output, "file to write, - for stdout",
            {.letter = 'o'});
  flags.add("model", arguments.model, "a model of the zoo");
  flags.add("from", arguments.from, "stage of the input file");
  flags.add("to", arguments.to, "stage to stop after");
  flags.add("target", arguments.targets,
            "CPUs or CUDA chips, several after commas or in several flags: " +
                knownTargets());
  flags.add(
      "ptxas", arguments.compile.ptxas,
      "NVIDIA's assembler: a path, a program of PATH, or none; without it an "
      "artifact for CUDA holds PTX");
  flags.add("no-cache", noCache,
            "assemble every kernel anew (the cache is in BCSSL_CACHE_DIR, or "
            "in bcssl of the user's caches)");
  flags.add(
      "strict", arguments.compile.strict,
      "refuse GPU kernels that spill registers, wait in vain, or multiply "
      "less in a loop than their tiles plan");
  flags.add("precision", arguments.precision,
            "what products are of; bf16 for CUDA chips only",
            {.choices = {"f32", "bf16"}});
  flags.add("store", arguments.store,
            "with bf16, what lies in memory so: all activations, or only what "
            "products take",
            {.choices = {"activations", "anchors"}});
  flags.add("no-merge", noMerge,
            "launch every GPU kernel by itself, for comparison");
  flags.add("no-specialize", noSpecialize,
            "no warp groups that only copy for others, for comparison");
  flags.add("dump-dir", arguments.compile.dumpDirectory,
            "write the module after each stage here");
  flags.add("timing", arguments.compile.timing, "print seconds per stage");
  flags.add("describe", arguments.describe,
            "print the model's parameters, multiply-adds and planned memory as "
            "JSON");
  flags.add("list-models", arguments.listModels,
            "print the names of the models");
  for (const models::OptionField &field : models::optionFields())
    flags.add(field.name, arguments.modelOptions[field.name], field.help,
              {.group = "model"});
  if (auto code = flags.parse(argc, argv))
    return *code;
  arguments.compile.cache = !noCache;
  arguments.compile.formation.merge = !noMerge;
  arguments.compile.formation.specialize = !noSpecialize;
  try {
    return run(flags, arguments);
  } catch (const std::runtime_error &error) {
    llvm::errs() << "bcssl-compile: " << error.what() << "\n";
    return static_cast<int>(ExitCode::Usage);
  }
}
