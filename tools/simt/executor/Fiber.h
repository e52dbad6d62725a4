//===- Fiber.h - stacks that are switched by hand ---------------*- C++ -*-===//
//
// A GPU thread runs on a stack of its own until it has to wait for others. The
// switch saves the registers that the x86-64 System V calls preserve, which
// takes some nanoseconds; ucontext would ask the kernel for the signal mask.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_FIBER_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_FIBER_H

#include <cstddef>
#include <vector>

extern "C" {
/// Saves the running context in `*save` and goes on with `target`; returns when
/// somebody switches back.
void bcsslSimtSwitch(void **save, void *target);
}

namespace bcssl::simt {

/// A context that calls `entry(argument)` when first switched to, on the stack
/// that ends at `top`. `entry` never returns.
void *makeFiber(std::byte *top, void (*entry)(void *), void *argument);

/// Stacks of 64 KiB with a guard page each, used again and again.
class FiberStacks {
public:
  FiberStacks() = default;
  FiberStacks(const FiberStacks &) = delete;
  FiberStacks &operator=(const FiberStacks &) = delete;
  ~FiberStacks();

  /// The end of a free stack; throws std::bad_alloc where memory is out.
  std::byte *acquire();
  void release(std::byte *top) { free.push_back(top); }

private:
  void addSlab();
  std::vector<void *> slabs;
  std::vector<std::byte *> free;
};

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_FIBER_H
