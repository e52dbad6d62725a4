//===- MergeKernels.cpp - small kernels share launches --------------------===//
//
// A kernel of a few microseconds costs as much again to start, and leaves most
// of the GPU idle. One sweep in program order: what may wait is held back in
// groups; where a kernel needs something of a group, the group becomes one
// launch in front of it. What nobody needs soon, such as a parameter's gradient
// or the running statistics, so rides along with what somebody waits for.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Merged.h"
#include "passes/codegen/gpu/Passes.h"
#include "passes/fusion/Grouping.h"
#include "passes/schedule/CheckProgram.h"
#include "passes/schedule/MemoryPlan.h"

#include "llvm/ADT/MapVector.h"

#include <set>

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_MERGEKERNELS
#include "passes/codegen/gpu/Passes.h.inc"

namespace {

/// Pointers that fit the 4 KiB of a kernel's parameters, with some to spare.
constexpr size_t mostBuffers = 480;
/// Different bodies in one kernel: code to bring to each multiprocessor.
constexpr size_t mostBodies = 32;

using Number = unsigned; // of a kernel in program order, or of a group

/// A value in memory between kernels.
struct Temporary {
  int64_t bytes = 0;
  Number first = 0, last = 0; ///< maker and last reader in program order
  unsigned waiting = 0;       ///< readers that are held back
};

struct Step {
  KernelOp kernel;
  SetVector<Number> needs;     ///< steps that must have run
  SmallVector<Value> reads;    ///< keys of temporaries, each once
  std::optional<Number> group; ///< that it waits in
};

/// Kernels that will be one.
struct Held {
  int64_t threads = 0; ///< of its blocks, at most
  SmallVector<Number> members;
  SetVector<Number> needs; ///< groups that must run before
  llvm::DenseSet<Value> buffers;
  std::set<std::string> bodies;
  bool waits = true;
};

class Merger {
public:
  Merger(func::FuncOp function, const GpuLimits &limits, int64_t mostBytes,
         int64_t spareBytes)
      : function(function), block(function.getBody().front()), limits(limits),
        mostBytes(mostBytes), spareBytes(spareBytes) {}

  void run();

private:
  void collect();
  void addOrderOfVariables();
  void measure();
  int64_t threadsOf(KernelOp kernel) const;
  SetVector<Number> groupsBefore(const Step &step) const;
  void hold(Number number, int64_t threads);
  void makeRoom(Number now);
  int64_t heldBytes(const Step &step, Number now) const;
  void release(Number group);
  void place(Operation *op);
  KernelOp merge(ArrayRef<KernelOp> parts);

  func::FuncOp function;
  Block &block;
  GpuLimits limits;
  int64_t mostBytes, spareBytes;
  std::vector<Step> steps;
  std::vector<Held> groups;
  llvm::MapVector<Value, Temporary> temporaries;
  std::vector<int64_t> live; ///< bytes of temporaries while a step runs
  int64_t mostLive = 0;
};

void Merger::collect() {
  DenseMap<Value, Number> makers;
  for (auto kernel : block.getOps<KernelOp>()) {
    auto number = static_cast<Number>(steps.size());
    Step &step = steps.emplace_back(Step{kernel, {}, {}, {}});
    for (Value operand : kernel.getInputs()) {
      Value root = rootOf(operand);
      auto maker = makers.find(root);
      if (maker == makers.end())
        continue;
      step.needs.insert(maker->second);
      if (!llvm::is_contained(step.reads, root))
        step.reads.push_back(root);
      temporaries[root].last = number;
    }
    for (Value result : kernel.getResults()) {
      makers[result] = number;
      temporaries[result] = {bytesOf(result.getType()), number, number, 0};
    }
  }
  // What the program returns has a place of its own.
  llvm::DenseSet<Value> returned;
  for (Value value : block.getTerminator()->getOperands())
    returned.insert(rootOf(value));
  temporaries.remove_if(
      [&](auto &entry) { return returned.contains(entry.first); });
}

/// A variable's new value is written in its place once all kernels that come
/// before have read the old one. That stays so: else it would be copied.
void Merger::addOrderOfVariables() {
  llvm::StringMap<BlockArgument> variables;
  for (BlockArgument argument : function.getArguments())
    if (auto name = function.getArgAttrOfType<StringAttr>(
            argument.getArgNumber(), "bcssl.variable"))
      variables[name.getValue()] = argument;
  DenseMap<Value, SmallVector<Number>> readers;
  DenseMap<Operation *, Number> numbers;
  for (auto [number, step] : llvm::enumerate(steps)) {
    numbers[step.kernel] = number;
    for (Value operand : step.kernel.getInputs())
      readers[rootOf(operand)].push_back(number);
  }
  for (OpOperand &operand : block.getTerminator()->getOpOperands()) {
    auto name = function.getResultAttrOfType<StringAttr>(
        operand.getOperandNumber(), "bcssl.variable");
    Operation *maker = rootOf(operand.get()).getDefiningOp();
    if (!name || !maker)
      continue;
    Number writer = numbers.lookup(maker);
    for (Number reader : readers[variables.lookup(name.getValue())])
      if (reader < writer)
        steps[writer].needs.insert(reader);
  }
}

void Merger::measure() {
  std::vector<int64_t> change(steps.size() + 1);
  for (auto &[value, temporary] : temporaries) {
    change[temporary.first] += temporary.bytes;
    change[temporary.last + 1] -= temporary.bytes;
  }
  int64_t bytes = 0;
  for (size_t step = 0; step < steps.size(); ++step) {
    live.push_back(bytes += change[step]);
    mostLive = std::max(mostLive, bytes);
  }
}

/// Threads of the blocks in which a small kernel can be; 0 for others. Parts of
/// few threads leave others idle, of which large blocks would have many.
int64_t Merger::threadsOf(KernelOp kernel) const {
  constexpr int64_t leastThreads = 256;
  int64_t bytes = 0;
  for (Type type : kernel->getOperandTypes())
    bytes += bytesOf(type);
  for (Type type : kernel->getResultTypes())
    bytes += bytesOf(type);
  int64_t threads = bytes <= mostBytes ? gpuThreadsOfPart(kernel, limits) : 0;
  return threads == 0 ? 0 : std::max(threads, leastThreads);
}

/// Waiting groups that the step needs, with all that those need.
SetVector<Number> Merger::groupsBefore(const Step &step) const {
  SetVector<Number> before;
  for (Number need : step.needs)
    if (steps[need].group && groups[*steps[need].group].waits)
      before.insert(*steps[need].group);
  for (size_t i = 0; i < before.size(); ++i)
    for (Number need : groups[before[i]].needs)
      if (groups[need].waits)
        before.insert(need);
  return before;
}

/// Puts a step into the first group that has room and need not run before it.
void Merger::hold(Number number, int64_t threads) {
  Step &step = steps[number];
  SetVector<Number> before = groupsBefore(step);
  SmallVector<Value> buffers(step.kernel->getOperands());
  llvm::append_range(buffers, step.kernel->getResults());
  std::string key = keyOf(step.kernel);
  auto hasRoom = [&](const Held &group) {
    size_t more = llvm::count_if(
        buffers, [&](Value value) { return !group.buffers.contains(value); });
    return group.buffers.size() + more <= mostBuffers &&
           (group.bodies.size() < mostBodies || group.bodies.contains(key));
  };
  Number place = 0;
  while (place < groups.size() &&
         (!groups[place].waits || groups[place].threads != threads ||
          before.contains(place) || !hasRoom(groups[place])))
    ++place;
  if (place == groups.size())
    groups.emplace_back();
  Held &group = groups[place];
  group.threads = threads;
  group.members.push_back(number);
  group.buffers.insert(buffers.begin(), buffers.end());
  group.bodies.insert(std::move(key));
  group.needs.insert(before.begin(), before.end());
  step.group = place;
  for (Value value : step.reads)
    if (auto known = temporaries.find(value); known != temporaries.end())
      ++known->second.waiting;
}

/// Bytes that would be free by now if the step had not been held back.
int64_t Merger::heldBytes(const Step &step, Number now) const {
  int64_t bytes = 0;
  for (Value value : step.reads) {
    auto known = temporaries.find(value);
    if (known != temporaries.end() && known->second.last < now)
      bytes += known->second.bytes / known->second.waiting;
  }
  return bytes;
}

/// Holds no more back than fits beside what lives now: the program's peak is
/// raised by no more than the spare bytes.
void Merger::makeRoom(Number now) {
  while (true) {
    int64_t held = 0, most = 0;
    Number largest = 0;
    for (auto [number, group] : llvm::enumerate(groups)) {
      if (!group.waits)
        continue;
      int64_t bytes = 0;
      for (Number member : group.members)
        bytes += heldBytes(steps[member], now);
      held += bytes;
      if (bytes > most) {
        most = bytes;
        largest = number;
      }
    }
    if (most == 0 || live[now] + held <= mostLive + spareBytes)
      return;
    release(largest);
  }
}

/// Moves an operation to the end of what is placed so far, with the reshapes
/// and slices of its results.
void Merger::place(Operation *op) {
  op->moveBefore(block.getTerminator());
  for (Value result : op->getResults())
    for (Operation *user : llvm::make_early_inc_range(result.getUsers()))
      if (isa<ReshapeOp, SliceOp>(user))
        place(user);
}

KernelOp Merger::merge(ArrayRef<KernelOp> parts) {
  SetVector<Value> inputs;
  SmallVector<Type> types;
  SmallVector<Location> locations;
  for (KernelOp part : parts) {
    inputs.insert(part->operand_begin(), part->operand_end());
    llvm::append_range(types, part->getResultTypes());
    locations.push_back(part.getLoc());
  }
  OpBuilder builder(block.getTerminator());
  Location location = builder.getFusedLoc(locations);
  auto merged =
      KernelOp::create(builder, location, types, inputs.getArrayRef(),
                       KernelOp(parts.front()).getFamily(), DictionaryAttr());
  Block *body = &merged.getBody().emplaceBlock();
  DenseMap<Value, Value> argumentOf;
  for (Value input : inputs)
    argumentOf[input] = body->addArgument(input.getType(), input.getLoc());
  builder.setInsertionPointToEnd(body);
  SmallVector<Value> yielded;
  for (KernelOp part : parts) {
    auto results = merged.getResults().drop_front(yielded.size());
    part->replaceAllUsesWith(results.take_front(part->getNumResults()));
    part->moveBefore(body, body->end());
    for (OpOperand &operand : part->getOpOperands())
      operand.set(argumentOf.lookup(operand.get()));
    llvm::append_range(yielded, part->getResults());
  }
  YieldOp::create(builder, location, yielded);
  return merged;
}

/// Places a group's kernel, after those that it needs.
void Merger::release(Number number) {
  groups[number].waits = false;
  for (Number need : groups[number].needs)
    if (groups[need].waits)
      release(need);
  SmallVector<KernelOp> parts;
  for (Number member : groups[number].members) {
    parts.push_back(steps[member].kernel);
    for (Value value : steps[member].reads)
      if (auto known = temporaries.find(value); known != temporaries.end())
        --known->second.waiting;
  }
  place(parts.size() == 1 ? parts.front() : merge(parts));
}

void Merger::run() {
  collect();
  addOrderOfVariables();
  measure();
  for (Number now = 0; now < steps.size(); ++now) {
    makeRoom(now);
    if (int64_t threads = threadsOf(steps[now].kernel)) {
      hold(now, threads);
    } else {
      SetVector<Number> before = groupsBefore(steps[now]);
      for (Number group : before)
        if (groups[group].waits)
          release(group);
      place(steps[now].kernel);
    }
  }
  for (Number group = 0; group < groups.size(); ++group)
    if (groups[group].waits)
      release(group);
}

struct MergeKernels : impl::MergeKernelsBase<MergeKernels> {
  using MergeKernelsBase::MergeKernelsBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    if (failed(checkKernelsAlone(function)))
      return signalPassFailure();
    for (auto kernel : function.getBody().front().getOps<KernelOp>())
      if (failed(checkRegion(kernel)))
        return signalPassFailure();
    Merger(function, gpuLimitsOf(chip), mostBytes, spareBytes).run();
  }
};

} // namespace
} // namespace bcssl
