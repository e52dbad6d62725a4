//===- CudaCommands.h - command lists on a GPU ------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DEVICE_CUDA_CUDACOMMANDS_H
#define BCSSL_RUNTIME_DEVICE_CUDA_CUDACOMMANDS_H

#include "runtime/device/Device.h"
#include "runtime/device/cuda/CudaContext.h"

#include <map>

namespace bcssl::cuda {

/// Commands on the context's stream. With `graph` they are captured once, and a
/// run is one launch of the graph; else each command is waited for, so that an
/// error names it. A timed run records an event between commands.
class CudaCommandList final : public CommandList {
public:
  static Result<std::unique_ptr<CommandList>>
  create(CudaContext &context, std::vector<Command> commands, bool graph);
  ~CudaCommandList() override;

  Status run(std::span<CommandTime> times) override;
  Status start() override;
  Status finish() override;

private:
  CudaCommandList(CudaContext &context, std::vector<Command> commands)
      : context(context), commands(std::move(commands)) {}

  Status prepareKernels();
  Status encodeTensorMaps();
  Status capture();
  Status runOneByOne();
  Status runTimed(std::span<CommandTime> times);
  Status issue(LaunchCommand &launch);
  Status issue(const CopyCommand &copy);
  Status issue(const ZeroCommand &zero);
  Status issue(const DownloadCommand &copy);
  Status issueAll();

  CudaContext &context;
  std::vector<Command> commands;
  std::map<const LaunchCommand *, std::vector<CUtensorMap>> tensorMaps;
  CUgraphExec exec = nullptr;
  bool isRunning = false;      ///< started and not yet waited for
  std::vector<CUevent> events; ///< one before the commands, one after each
};

} // namespace bcssl::cuda

#endif // BCSSL_RUNTIME_DEVICE_CUDA_CUDACOMMANDS_H
