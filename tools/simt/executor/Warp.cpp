//===- Warp.cpp - collectives of a warp -----------------------------------===//

#include "tools/simt/executor/Operations.h"

#include <bit>

namespace bcssl::simt {

void Block::meet(Thread &thread, Meeting meeting, uint64_t *results,
                 const uint64_t *operands) {
  Warp &warp = warps[thread.warp];
  uint32_t bit = 1u << thread.lane;
  meeting.members &= warp.existing;
  meeting.site = thread.site;
  if (!(meeting.members & bit)) {
    report(thread, FindingKind::BadOperand,
           "expects a mask that names the lane itself");
    meeting.members |= bit;
  }
  size_t number = 0;
  for (; number < warp.meetings.size(); ++number) {
    Meeting &open = warp.meetings[number];
    if (open.work == meeting.work && open.parameter == meeting.parameter &&
        open.members == meeting.members)
      break;
    if (open.members & bit)
      report(thread, FindingKind::Divergence,
             std::string("other lanes wait for this one at ") + open.name +
                 " (" + current->kernel->sites[open.site].location + ")");
  }
  if (number == warp.meetings.size())
    warp.meetings.push_back(meeting);
  Meeting &joined = warp.meetings[number];
  if (joined.isAligned && joined.site != thread.site)
    report(thread, FindingKind::Divergence,
           std::string("lanes of one warp are at different places with ") +
               joined.name);
  joined.arrived |= bit;
  thread.operands = operands;
  thread.results = results;
  if (!completeMeeting(thread.warp, number, &thread))
    wait(thread, meeting.name);
}

bool Block::completeMeeting(uint32_t index, size_t number, const Thread *last) {
  Warp &warp = warps[index];
  Meeting meeting = warp.meetings[number];
  if ((meeting.members & warp.present) != meeting.arrived)
    return false;
  warp.meetings.erase(warp.meetings.begin() + number);
  Thread *waiting[32];
  size_t size = 0;
  for (uint32_t lane = 0; lane < 32; ++lane)
    if ((meeting.arrived >> lane & 1) && &threads[index * 32 + lane] != last)
      waiting[size++] = &threads[index * 32 + lane];
  if (meeting.isAligned && meeting.arrived != ~0u)
    report(*(last ? last : waiting[0]), FindingKind::Divergence,
           std::string("expects all 32 lanes at ") + meeting.name + ", got " +
               std::to_string(std::popcount(meeting.arrived)));
  else
    meeting.work(*this, index, meeting);
  wake({waiting, size});
  return true;
}

namespace {

enum ShuffleMode : uint64_t { Index, Down, Up, Butterfly, WithPredicate = 4 };
enum VoteMode : uint64_t { VoteAll, VoteAny, VoteUniform, VoteBallot };
enum ReduceMode : uint64_t {
  ReduceAdd,
  ReduceMin,
  ReduceMax,
  ReduceUMin,
  ReduceUMax,
  ReduceAnd,
  ReduceOr,
  ReduceXor,
};

template <typename Function> void forLanes(uint32_t lanes, Function function) {
  for (; lanes != 0; lanes &= lanes - 1)
    function(static_cast<uint32_t>(std::countr_zero(lanes)));
}

/// The lane that `lane` reads, as the PTX manual's pseudocode has it, and
/// whether it lies in its segment.
std::pair<uint32_t, bool> sourceOf(uint32_t lane, uint64_t mode, uint32_t reach,
                                   uint32_t clampAndSegment) {
  uint32_t segment = clampAndSegment >> 8 & 31, clamp = clampAndSegment & 31;
  uint32_t highest = (lane & segment) | (clamp & ~segment);
  uint32_t lowest = lane & segment;
  int32_t source = 0;
  bool isInside = false;
  switch (mode & 3) {
  case Up:
    source = static_cast<int32_t>(lane) - static_cast<int32_t>(reach);
    isInside = source >= static_cast<int32_t>(highest);
    break;
  case Down:
    source = lane + reach;
    isInside = source <= static_cast<int32_t>(highest);
    break;
  case Butterfly:
    source = lane ^ reach;
    isInside = source <= static_cast<int32_t>(highest);
    break;
  default:
    source = lowest | (reach & ~segment & 31);
    isInside = source <= static_cast<int32_t>(highest);
  }
  return {isInside ? source : lane, isInside};
}

void shuffle(Block &block, uint32_t warp, const Meeting &meeting) {
  uint64_t values[32];
  forLanes(meeting.arrived,
           [&](uint32_t i) { values[i] = block.lane(warp, i).operands[1]; });
  forLanes(meeting.arrived, [&](uint32_t i) {
    Thread &lane = block.lane(warp, i);
    auto [source, isInside] =
        sourceOf(i, meeting.parameter, lane.operands[2] & 31,
                 static_cast<uint32_t>(lane.operands[3]));
    bool takesPart = meeting.arrived >> source & 1;
    if (!takesPart)
      block.report(lane, FindingKind::Uninitialized,
                   "reads a lane that does not take part in the shuffle");
    lane.results[0] = takesPart ? values[source] : ~uint64_t{0};
    if (meeting.parameter & WithPredicate)
      lane.results[1] = isInside;
  });
}

void joinShuffle(Thread &thread, uint64_t *results, const uint64_t *operands,
                 uint64_t parameter) {
  Meeting meeting{.name = "a shuffle", .work = shuffle, .parameter = parameter};
  meeting.members = static_cast<uint32_t>(operands[0]);
  thread.block->meet(thread, meeting, results, operands);
}

void vote(Block &block, uint32_t warp, const Meeting &meeting) {
  uint32_t ballot = 0;
  forLanes(meeting.arrived, [&](uint32_t i) {
    ballot |= static_cast<uint32_t>(block.lane(warp, i).operands[1] & 1) << i;
  });
  bool all = ballot == meeting.arrived, none = ballot == 0;
  uint64_t result = meeting.parameter == VoteBallot    ? ballot
                    : meeting.parameter == VoteAll     ? all
                    : meeting.parameter == VoteUniform ? all || none
                                                       : !none;
  forLanes(meeting.arrived,
           [&](uint32_t i) { block.lane(warp, i).results[0] = result; });
}

void joinVote(Thread &thread, uint64_t *results, const uint64_t *operands,
              uint64_t parameter) {
  Meeting meeting{.name = "a vote", .work = vote, .parameter = parameter};
  meeting.members = static_cast<uint32_t>(operands[0]);
  thread.block->meet(thread, meeting, results, operands);
}

uint32_t combine(uint64_t mode, uint32_t a, uint32_t b) {
  auto signedA = static_cast<int32_t>(a), signedB = static_cast<int32_t>(b);
  switch (mode) {
  case ReduceAdd:
    return a + b;
  case ReduceMin:
    return std::min(signedA, signedB);
  case ReduceMax:
    return std::max(signedA, signedB);
  case ReduceUMin:
    return std::min(a, b);
  case ReduceUMax:
    return std::max(a, b);
  case ReduceAnd:
    return a & b;
  case ReduceOr:
    return a | b;
  default:
    return a ^ b;
  }
}

void reduce(Block &block, uint32_t warp, const Meeting &meeting) {
  auto first = static_cast<uint32_t>(std::countr_zero(meeting.arrived));
  auto total = static_cast<uint32_t>(block.lane(warp, first).operands[0]);
  forLanes(meeting.arrived & ~(1u << first), [&](uint32_t i) {
    total = combine(meeting.parameter, total,
                    static_cast<uint32_t>(block.lane(warp, i).operands[0]));
  });
  forLanes(meeting.arrived,
           [&](uint32_t i) { block.lane(warp, i).results[0] = total; });
}

void joinReduction(Thread &thread, uint64_t *results, const uint64_t *operands,
                   uint64_t parameter) {
  Meeting meeting{
      .name = "a reduction", .work = reduce, .parameter = parameter};
  meeting.members = static_cast<uint32_t>(operands[1]);
  thread.block->meet(thread, meeting, results, operands);
}

void match(Block &block, uint32_t warp, const Meeting &meeting) {
  forLanes(meeting.arrived, [&](uint32_t i) {
    Thread &lane = block.lane(warp, i);
    uint32_t equal = 0;
    forLanes(meeting.arrived, [&](uint32_t j) {
      equal |= static_cast<uint32_t>(block.lane(warp, j).operands[1] ==
                                     lane.operands[1])
               << j;
    });
    lane.results[0] = equal;
  });
}

void joinMatch(Thread &thread, uint64_t *results, const uint64_t *operands,
               uint64_t parameter) {
  Meeting meeting{.name = "a match", .work = match, .parameter = parameter};
  meeting.members = static_cast<uint32_t>(operands[0]);
  thread.block->meet(thread, meeting, results, operands);
}

void elect(Block &block, uint32_t warp, const Meeting &meeting) {
  auto leader = static_cast<uint32_t>(std::countr_zero(meeting.arrived));
  forLanes(meeting.arrived, [&](uint32_t i) {
    Thread &lane = block.lane(warp, i);
    lane.results[0] = leader;
    lane.results[1] = i == leader;
  });
}

void joinElection(Thread &thread, uint64_t *results, const uint64_t *operands,
                  uint64_t parameter) {
  Meeting meeting{.name = "an election", .work = elect};
  meeting.members = static_cast<uint32_t>(operands[0]);
  thread.block->meet(thread, meeting, results, operands);
}

void synchronize(Block &block, uint32_t warp, const Meeting &) {
  block.clocks().synchronize(warp);
}

void joinWarpBarrier(Thread &thread, uint64_t *results,
                     const uint64_t *operands, uint64_t parameter) {
  Meeting meeting{.name = "a barrier of the warp", .work = synchronize};
  meeting.members = static_cast<uint32_t>(operands[0]);
  thread.block->meet(thread, meeting, results, operands);
}

void activeMask(Thread &thread, uint64_t *results, const uint64_t *, uint64_t) {
  results[0] = thread.block->warpOf(thread).present;
}

} // namespace

void addWarpOperations(OperationTable &table) {
  const std::string prefix = "llvm.nvvm.";
  const std::pair<const char *, uint64_t> shuffles[] = {
      {"idx", Index}, {"down", Down}, {"up", Up}, {"bfly", Butterfly}};
  for (auto [name, mode] : shuffles)
    for (const char *type : {".i32", ".f32"}) {
      std::string full = prefix + "shfl.sync." + name + type;
      table[full] = {joinShuffle, mode};
      table[full + "p"] = {joinShuffle, mode | WithPredicate};
    }
  const std::pair<const char *, uint64_t> votes[] = {{"all", VoteAll},
                                                     {"any", VoteAny},
                                                     {"uni", VoteUniform},
                                                     {"ballot", VoteBallot}};
  for (auto [name, mode] : votes)
    table[prefix + "vote." + name + ".sync"] = {joinVote, mode};
  const std::pair<const char *, uint64_t> reductions[] = {
      {"add", ReduceAdd},   {"min", ReduceMin},   {"max", ReduceMax},
      {"umin", ReduceUMin}, {"umax", ReduceUMax}, {"and", ReduceAnd},
      {"or", ReduceOr},     {"xor", ReduceXor}};
  for (auto [name, mode] : reductions)
    table[prefix + "redux.sync." + name] = {joinReduction, mode};
  table[prefix + "match.any.sync.i32"] = {joinMatch};
  table[prefix + "match.any.sync.i64"] = {joinMatch, 1};
  table[prefix + "elect.sync"] = {joinElection};
  table[prefix + "bar.warp.sync"] = {joinWarpBarrier};
  table[prefix + "activemask"] = {activeMask};
}

} // namespace bcssl::simt
