//===- Fiber.cpp - stacks that are switched by hand -----------------------===//

#include "tools/simt/executor/Fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#ifndef __x86_64__
#error "the executor switches stacks of x86-64 only"
#endif

asm(R"(
  .text
  .globl bcsslSimtSwitch
  .hidden bcsslSimtSwitch
  .type bcsslSimtSwitch,@function
bcsslSimtSwitch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size bcsslSimtSwitch,.-bcsslSimtSwitch

  .local bcsslSimtStart
  .type bcsslSimtStart,@function
bcsslSimtStart:
  movq %r13, %rdi
  callq *%r12
  ud2
  .size bcsslSimtStart,.-bcsslSimtStart
)");

extern "C" void bcsslSimtStart();

namespace bcssl::simt {
namespace {

constexpr size_t stackBytes = 64 << 10, guardBytes = 4 << 10, slabStacks = 256;

} // namespace

void *makeFiber(std::byte *top, void (*entry)(void *), void *argument) {
  // What the switch pops: r15, r14, r13, r12, rbx, rbp, the address. Behind it
  // the stack is aligned to 16 bytes, as a caller leaves it.
  auto *words = reinterpret_cast<uint64_t *>(top) - 9;
  words[0] = words[1] = words[4] = words[5] = 0;
  words[2] = reinterpret_cast<uint64_t>(argument);
  words[3] = reinterpret_cast<uint64_t>(entry);
  words[6] = reinterpret_cast<uint64_t>(&bcsslSimtStart);
  words[7] = words[8] = 0;
  return words;
}

FiberStacks::~FiberStacks() {
  for (void *slab : slabs)
    munmap(slab, stackBytes * slabStacks);
}

void FiberStacks::addSlab() {
  void *slab = mmap(nullptr, stackBytes * slabStacks, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (slab == MAP_FAILED)
    throw std::bad_alloc();
  slabs.push_back(slab);
  for (size_t i = slabStacks; i-- > 0;) {
    std::byte *bottom = static_cast<std::byte *>(slab) + i * stackBytes;
    mprotect(bottom, guardBytes, PROT_NONE);
    // Equal offsets in all stacks would meet in the same lines of the cache.
    free.push_back(bottom + stackBytes - (i % 32) * 128);
  }
}

std::byte *FiberStacks::acquire() {
  if (free.empty())
    addSlab();
  std::byte *top = free.back();
  free.pop_back();
  return top;
}

} // namespace bcssl::simt
