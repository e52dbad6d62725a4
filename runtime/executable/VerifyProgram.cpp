//===- VerifyProgram.cpp - ports, slots, instructions ---------------------===//

#include "runtime/executable/VerifyDetail.h"

#include <set>

namespace bcssl::artifact {

using namespace detail;

static constexpr uint64_t slotAlignment = 4;
static constexpr uint64_t maxTiles = uint64_t{1} << 31;

static Status verifyPorts(const Place &place, const std::vector<Port> &ports,
                          uint64_t blockBytes) {
  std::set<std::string_view> names;
  std::vector<Extent> extents;
  for (const Port &port : ports) {
    BCSSL_RETURN_IF_ERROR(checkName(place, port.name));
    Place here = place.inside("\"" + port.name + "\"");
    if (!names.insert(port.name).second)
      return here.fails("expects unique names, got this one twice");
    BCSSL_RETURN_IF_ERROR(checkShape(here, port.shape, port.type));
    Extent extent{port.offset, port.bytes(), &port.name};
    BCSSL_RETURN_IF_ERROR(checkExtent(here, extent, blockBytes));
    extents.push_back(extent);
  }
  return checkDisjoint(place, std::move(extents));
}

namespace {

/// Checks the instructions of one program.
class InstructionVerifier {
public:
  InstructionVerifier(const Contents &contents, const Program &program)
      : contents(contents), program(program) {}

  Status run() {
    for (index = 0; index < program.instructions.size(); ++index)
      BCSSL_RETURN_IF_ERROR(std::visit(
          [this](const auto &instruction) { return check(instruction); },
          program.instructions[index]));
    return {};
  }

private:
  Error fails(const std::string &message) const {
    return Place{"executable-program", "program \"" + program.name +
                                           "\": instruction " +
                                           std::to_string(index)}
        .fails(message);
  }

  uint64_t sizeOfSpace(Space space) const {
    switch (space) {
    case Space::Arena:
      return program.arenaBytes;
    case Space::State:
      return contents.stateBytes;
    case Space::Input:
      return program.inputBytes;
    case Space::Output:
      return program.outputBytes;
    }
    return 0;
  }

  Status checkSlot(const Slot &slot, size_t number) const {
    uint64_t size = sizeOfSpace(slot.space);
    std::string name = "slot " + std::to_string(number);
    if (slot.bytes == 0 || slot.bytes > size || slot.offset > size - slot.bytes)
      return fails(name + " expects 1 or more bytes inside a block of " +
                   std::to_string(size) + " bytes, got " +
                   std::to_string(slot.bytes) + " bytes at " +
                   std::to_string(slot.offset));
    if (slot.offset % slotAlignment != 0)
      return fails(name + " expects an offset that is a multiple of " +
                   std::to_string(slotAlignment) + ", got " +
                   std::to_string(slot.offset));
    return {};
  }

  Status check(const Launch &launch) const {
    if (launch.kernel >= contents.kernels.size())
      return fails("expects one of " + std::to_string(contents.kernels.size()) +
                   " kernels, got number " + std::to_string(launch.kernel));
    uint32_t arguments = contents.kernels[launch.kernel].arguments;
    if (launch.slots.size() != arguments)
      return fails("expects " + std::to_string(arguments) +
                   " slots for kernel " +
                   contents.kernels[launch.kernel].symbol + ", got " +
                   std::to_string(launch.slots.size()));
    if (launch.tiles < 1 || launch.tiles > maxTiles)
      return fails("expects 1 to " + std::to_string(maxTiles) + " tiles, got " +
                   std::to_string(launch.tiles));
    if (!launch.name.empty())
      BCSSL_RETURN_IF_ERROR(
          checkName({"executable-program", "launch"}, launch.name));
    for (size_t i = 0; i < launch.slots.size(); ++i)
      BCSSL_RETURN_IF_ERROR(checkSlot(launch.slots[i], i));
    return {};
  }

  Status check(const Move &move) const {
    if (move.slots.size() != 1 && move.slots.size() != 2)
      return fails("expects a move of 1 or 2 slots, got " +
                   std::to_string(move.slots.size()));
    for (size_t i = 0; i < move.slots.size(); ++i)
      BCSSL_RETURN_IF_ERROR(checkSlot(move.slots[i], i));
    const Slot &from = move.slots.front();
    const Slot &to = move.slots.back();
    if (to.space == Space::Input)
      return fails("expects a move not to write inputs");
    if (from.bytes != to.bytes)
      return fails("expects slots of equal size in a copy, got " +
                   std::to_string(from.bytes) + " and " +
                   std::to_string(to.bytes) + " bytes");
    if (move.slots.size() == 2 && from.space == to.space &&
        from.offset < to.offset + to.bytes &&
        to.offset < from.offset + from.bytes)
      return fails("expects slots of a copy that do not overlap");
    return {};
  }

  Status check(const AllReduce &reduce) const {
    BCSSL_RETURN_IF_ERROR(checkSlot(reduce.slot, 0));
    if (reduce.slot.space == Space::Input)
      return fails("expects a sum over ranks not to write inputs");
    if (reduce.elements != reduce.slot.bytes / sizeOf(DataType::F32) ||
        reduce.slot.bytes % sizeOf(DataType::F32) != 0)
      return fails("expects a sum over ranks of the slot's " +
                   std::to_string(reduce.slot.bytes / sizeOf(DataType::F32)) +
                   " elements, got " + std::to_string(reduce.elements));
    return {};
  }

  const Contents &contents;
  const Program &program;
  size_t index = 0;
};

} // namespace

Status detail::verifyProgram(const Contents &contents, const Program &program) {
  Place place{"executable-program", "program \"" + program.name + "\""};
  for (uint64_t bytes :
       {program.arenaBytes, program.inputBytes, program.outputBytes})
    if (bytes > maxBlockBytes)
      return place.fails("expects blocks of at most " +
                         std::to_string(maxBlockBytes) + " bytes, got " +
                         std::to_string(bytes));
  BCSSL_RETURN_IF_ERROR(
      verifyPorts(place.inside("inputs"), program.inputs, program.inputBytes));
  BCSSL_RETURN_IF_ERROR(verifyPorts(place.inside("outputs"), program.outputs,
                                    program.outputBytes));
  return InstructionVerifier(contents, program).run();
}

} // namespace bcssl::artifact
