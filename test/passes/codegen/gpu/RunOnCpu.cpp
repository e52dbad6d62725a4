//===- RunOnCpu.cpp - GPU kernels on the machine at hand ------------------===//

#include "test/passes/codegen/gpu/RunOnCpu.h"

#include "passes/target/Nvvm.h"
#include "tools/simt/executor/Machine.h"
#include "tools/simt/executor/TensorMap.h"

#include <cstring>

namespace bcssl::test {

/// The map of a buffer at an address, as the driver would encode it.
static simt::TensorMap encode(const GpuTensorMap &map, void *address) {
  simt::TensorMap encoded{};
  encoded.mark = simt::TensorMap::validMark;
  encoded.base = static_cast<std::byte *>(address);
  encoded.rank = static_cast<uint8_t>(map.sizes.size());
  encoded.elementBytes = static_cast<uint8_t>(map.elementBytes);
  encoded.swizzleBytes = static_cast<uint8_t>(map.swizzleBytes);
  for (size_t d = 0; d < map.sizes.size(); ++d) {
    encoded.sizes[d] = static_cast<uint32_t>(map.sizes[d]);
    encoded.box[d] = static_cast<uint16_t>(map.box[d]);
    encoded.strides[d] = (d == 0 ? 1 : map.strides[d - 1]) * map.elementBytes;
  }
  return encoded;
}

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
  std::vector<simt::TensorMap> tensorMaps;
  for (const GpuTensorMap &map : launch.tensorMaps) {
    tensorMaps.push_back(encode(map, addresses[map.buffer]));
    if (!isLegal(tensorMaps.back()))
      return "an illegal tensor map";
  }
  for (const simt::TensorMap &map : tensorMaps)
    arguments.push_back(&map);
  machine.launch(*kernel, grid, arguments.data());
  for (size_t i = 0; i < buffers.size(); ++i)
    std::memcpy(buffers[i].data(), addresses[i], buffers[i].size());
  std::string findings;
  for (const simt::Finding &finding : machine.findings().all())
    findings += finding.text() + "\n";
  return findings;
}

} // namespace bcssl::test
