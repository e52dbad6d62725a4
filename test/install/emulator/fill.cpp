// Runs a kernel on the CPU and prints what is found: `fill BYTES`, where the
// kernel writes 65,536.

#include "tools/simt/executor/Machine.h"

#include <cstdio>
#include <cstdlib>

using namespace bcssl;

/// Every thread writes the number 0 to its place of `x`.
static const char *const bitcode = R"(; or bitcode
target triple = "nvptx64-nvidia-cuda"
define ptx_kernel void @fill(ptr addrspace(1) %x) {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %first = mul i32 %block, 256
  %i = add i32 %first, %thread
  %place = getelementptr float, ptr addrspace(1) %x, i32 %i
  store float 0.0, ptr addrspace(1) %place, align 4
  ret void
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
)";

int main(int count, char **words) {
  if (count != 2)
    return 2;
  size_t bytes = std::strtoull(words[1], nullptr, 10);
  auto [program, problem] = simt::Program::load(bitcode, /*checks=*/true);
  auto [kernel, missing] = program->find("fill");
  simt::Machine machine({.order = simt::Order::Shuffle, .seed = 7});
  void *x = machine.memory().allocate(bytes);
  const void *arguments[] = {&x};
  machine.launch(*kernel, {.blocks = {64, 1, 1}, .threads = {256, 1, 1}},
                 arguments);
  for (const simt::Finding &finding : machine.findings().all())
    std::puts(finding.text().c_str());
}
