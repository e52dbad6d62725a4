//===- RunOnCpu.cpp - GPU kernels on the machine at hand ------------------===//

#include "test/passes/codegen/gpu/RunOnCpu.h"

#include "passes/target/Nvvm.h"
#include "tools/simt/executor/Machine.h"

#include <cstring>

namespace bcssl::test {

std::string runOnCpu(mlir::gpu::GPUModuleOp kernels, const CpuLaunch &launch,
                     std::vector<std::vector<std::byte>> &buffers) {
  auto bitcode = compileSimtBitcode(kernels);
  if (failed(bitcode))
    return "not compiled";
  auto [program, problem] = simt::Program::load(*bitcode, /*checks=*/true);
  if (!program)
    return problem;
  auto [kernel, missing] = program->find(launch.symbol);
  if (!kernel)
    return missing;
  simt::Grid grid{{static_cast<uint32_t>(launch.blocks), 1, 1},
                  {static_cast<uint32_t>(launch.threads), 1, 1},
                  static_cast<uint32_t>(launch.sharedBytes)};
  if (std::string refusal = simt::Machine::problemOf(*kernel, grid);
      !refusal.empty())
    return refusal;

  simt::MachineOptions options;
  options.order = launch.order == ThreadOrder::Rising ? simt::Order::Forward
                                                      : simt::Order::Reverse;
  simt::Machine machine(options);
  std::vector<void *> addresses;
  for (const std::vector<std::byte> &buffer : buffers) {
    void *address = machine.memory().allocate(buffer.size());
    std::memcpy(address, buffer.data(), buffer.size());
    machine.memory().noteWritten(address, buffer.size());
    addresses.push_back(address);
  }
  std::vector<const void *> arguments;
  for (void *&address : addresses)
    arguments.push_back(&address);
  machine.launch(*kernel, grid, arguments.data());
  for (size_t i = 0; i < buffers.size(); ++i)
    std::memcpy(buffers[i].data(), addresses[i], buffers[i].size());
  std::string findings;
  for (const simt::Finding &finding : machine.findings().all())
    findings += finding.text() + "\n";
  return findings;
}

} // namespace bcssl::test
