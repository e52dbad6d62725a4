//===- Target.cpp - names of targets --------------------------------------===//

#include "passes/Target.h"

#include "passes/codegen/GpuChips.h"
#include "passes/target/Native.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace bcssl {

std::string Target::name() const {
  switch (kind) {
  case Kind::Cpu:
    return "cpu:" + chip;
  case Kind::Cuda:
    return "cuda:" + chip;
  case Kind::Simt:
    return "cuda:simt";
  }
  llvm_unreachable("unknown kind of target");
}

std::string knownTargets() {
  std::string text = "cpu:native, cpu:x86-64-v3, cpu:x86-64-v4, ";
  for (const GpuChip &chip : gpuChips())
    text += ("cuda:" + chip.name + ", ").str();
  return text + "cuda:simt";
}

static std::optional<Target> parseTarget(StringRef name) {
  if (name == "cpu" || name == "cpu:native")
    return Target{Target::Kind::Cpu, nameOf(nativeLevel()).str()};
  for (CpuLevel level : {CpuLevel::X86_64_V3, CpuLevel::X86_64_V4})
    if (name == ("cpu:" + nameOf(level)).str())
      return Target{Target::Kind::Cpu, nameOf(level).str()};
  if (name == "cuda:simt")
    return Target{Target::Kind::Simt, ""};
  if (name.consume_front("cuda:") && findGpuChip(name))
    return Target{Target::Kind::Cuda, name.str()};
  return std::nullopt;
}

FailureOr<std::vector<Target>>
parseTargets(ArrayRef<std::string> names,
             function_ref<InFlightDiagnostic()> error) {
  std::vector<Target> targets;
  for (StringRef list : names)
    for (StringRef name : llvm::split(list, ',')) {
      std::optional<Target> target = parseTarget(name);
      if (!target)
        return error() << "unknown target '" << name << "', expects one of "
                       << knownTargets();
      if (!targets.empty() && target->isGpu() != targets.front().isGpu())
        return error() << "expects CPUs or CUDA chips in one artifact, got "
                       << targets.front().name() << " and " << name;
      if (llvm::none_of(targets, [&](const Target &other) {
            return other.name() == target->name();
          }))
        targets.push_back(*target);
    }
  if (targets.empty())
    return error() << "expects a target";
  std::string first = "sm_90a";
  for (const Target &target : llvm::reverse(targets))
    if (target.kind == Target::Kind::Cuda)
      first = target.chip;
  for (Target &target : targets)
    if (target.kind == Target::Kind::Simt)
      target.chip = first;
  return targets;
}

} // namespace bcssl
