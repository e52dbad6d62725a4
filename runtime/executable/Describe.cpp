//===- Describe.cpp - counting and printing -------------------------------===//

#include "runtime/executable/Describe.h"
#include "runtime/executable/PortFiles.h"

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

namespace bcssl {

using namespace artifact;
using Json = nlohmann::ordered_json;

namespace {

/// What a program consists of.
struct ProgramCounts {
  uint64_t launches = 0;
  uint64_t moves = 0;
  uint64_t allReduces = 0;
  uint64_t flops = 0;
};

/// Sums over the variables of one part ("student", "teacher", ...).
struct PartTotals {
  uint64_t variables = 0;
  uint64_t elements = 0;
  uint64_t bytes = 0;

  void add(const Variable &variable) {
    ++variables;
    elements += variable.elements();
    bytes += variable.bytes();
  }
};

} // namespace

static ProgramCounts countsOf(const Program &program) {
  ProgramCounts counts;
  for (const Instruction &instruction : program.instructions) {
    if (auto *launch = std::get_if<Launch>(&instruction)) {
      ++counts.launches;
      counts.flops += launch->flops;
    } else if (std::holds_alternative<Move>(instruction)) {
      ++counts.moves;
    } else {
      ++counts.allReduces;
    }
  }
  return counts;
}

/// Totals by the part of a variable's name before the first dot.
static std::map<std::string, PartTotals> partsOf(const Executable &executable) {
  std::map<std::string, PartTotals> parts;
  for (const Variable &variable : executable.variables())
    parts[variable.name.substr(0, variable.name.find('.'))].add(variable);
  return parts;
}

static PartTotals totalOf(const Executable &executable) {
  PartTotals total;
  for (const Variable &variable : executable.variables())
    total.add(variable);
  return total;
}

std::string grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3)
    digits.insert(at - 3, ",");
  return digits;
}

static std::string megabytes(uint64_t bytes) {
  char text[48];
  std::snprintf(text, sizeof(text), "%.2f MB",
                static_cast<double>(bytes) * 1e-6);
  return text;
}

static std::string initializerText(const Variable &variable) {
  char value[32];
  std::snprintf(value, sizeof(value), "%.9g", variable.value);
  switch (variable.initializer) {
  case Initializer::Zeros:
    return "zeros";
  case Initializer::Ones:
    return "ones";
  case Initializer::Constant:
    return std::string("constant ") + value;
  case Initializer::TruncNormal:
    return std::string("trunc_normal ") + value;
  case Initializer::Uniform:
    return std::string("uniform ") + value;
  case Initializer::Copy:
    return "copy of " + variable.source;
  }
  return "";
}

/// Text from a property, which may hold any bytes: control bytes as '?'.
static std::string printable(std::string text) {
  for (char &letter : text)
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f)
      letter = '?';
  return text;
}

static std::string programText(const Program &program) {
  ProgramCounts counts = countsOf(program);
  char flops[32];
  std::snprintf(flops, sizeof(flops), "%.3f",
                static_cast<double>(counts.flops) * 1e-9);
  std::string text = "program " + program.name + ": " +
                     grouped(counts.launches) + " launches, " +
                     grouped(counts.moves) + " moves, " +
                     grouped(counts.allReduces) + " sums over ranks, arena " +
                     megabytes(program.arenaBytes) + ", " + flops + " GFLOP\n";
  for (const Port &port : program.inputs)
    text +=
        "  input  " + port.name + ": " + typeText(port.type, port.shape) + "\n";
  for (const Port &port : program.outputs)
    text +=
        "  output " + port.name + ": " + typeText(port.type, port.shape) + "\n";
  return text;
}

static std::string partText(const std::string &name, const PartTotals &part) {
  return name + ": " + grouped(part.variables) + " variables, " +
         grouped(part.elements) + " elements, " + megabytes(part.bytes) + "\n";
}

/// A line for each target and format, whose images hold all kernels together.
static std::string imagesText(const Contents &contents) {
  std::string text;
  for (const ImageGroup &group : groupsOf(contents.images))
    text +=
        "image " + group.first->target + ": " + group.first->format +
        (group.parts > 1 ? " in " + grouped(group.parts) + " parts, " : ", ") +
        grouped(group.bytes) + " bytes, " + grouped(contents.kernels.size()) +
        " kernels\n";
  return text;
}

std::string describeText(const Executable &executable) {
  const Contents &contents = executable.contents();
  std::string text = "file " + executable.file() + ": format " +
                     std::to_string(contents.major) + "." +
                     std::to_string(contents.minor) + ", hash " +
                     executable.hash() + "\n";
  for (const auto &[key, value] : contents.properties)
    text += "property " + key + ": " + printable(value) + "\n";
  text += imagesText(contents);
  for (const Program &program : contents.programs)
    text += programText(program);
  text += partText("state", totalOf(executable));
  for (const auto &[name, part] : partsOf(executable))
    text += "  " + partText(name, part);
  for (const Variable &variable : contents.variables) {
    text += "variable " + variable.name + ": " +
            typeText(variable.type, variable.published());
    if (variable.published() != variable.shape)
      text += " stored as " + typeText(variable.type, variable.shape);
    text += ", " + initializerText(variable) + "\n";
  }
  return text;
}

static Json portsJson(const std::vector<Port> &ports) {
  Json list = Json::array();
  for (const Port &port : ports)
    list.push_back({{"name", port.name},
                    {"type", nameOf(port.type)},
                    {"shape", port.shape}});
  return list;
}

static Json programJson(const Program &program) {
  ProgramCounts counts = countsOf(program);
  return {{"name", program.name},
          {"inputs", portsJson(program.inputs)},
          {"outputs", portsJson(program.outputs)},
          {"launches", counts.launches},
          {"moves", counts.moves},
          {"all_reduces", counts.allReduces},
          {"flops", counts.flops},
          {"arena_bytes", program.arenaBytes},
          {"input_bytes", program.inputBytes},
          {"output_bytes", program.outputBytes}};
}

static Json imageJson(const Contents &contents, const ImageGroup &group) {
  const Image &image = *group.first;
  Json json = {{"target", image.target},
               {"format", image.format},
               {"bytes", group.bytes},
               {"parts", group.parts}};
  const LaunchTable *table = contents.launchTableOf(image);
  if (!table)
    return json;
  for (const Geometry &geometry : table->geometry)
    json["geometry"].push_back({{"blocks", geometry.blocks},
                                {"threads", geometry.threads},
                                {"shared_bytes", geometry.sharedBytes}});
  for (const auto &[kernel, map] : table->tensorMaps)
    json["tensor_maps"].push_back(
        {{"kernel", contents.kernels[kernel].symbol},
         {"argument", map.argument},
         {"element_bytes", map.elementBytes},
         {"sizes", std::span(map.sizes).first(map.rank)},
         {"strides", std::span(map.strides).first(map.rank - 1)},
         {"box", std::span(map.box).first(map.rank)},
         {"swizzle_bytes", map.swizzleBytes}});
  return json;
}

static Json partJson(const PartTotals &part) {
  return {{"variables", part.variables},
          {"elements", part.elements},
          {"bytes", part.bytes}};
}

std::string describeJson(const Executable &executable) {
  const Contents &contents = executable.contents();
  Json json = {{"file", executable.file()},
               {"hash", executable.hash()},
               {"major", contents.major},
               {"minor", contents.minor}};
  json["properties"] = Json::object();
  for (const auto &[key, value] : contents.properties)
    json["properties"][key] = value;
  json["programs"] = Json::array();
  for (const Program &program : contents.programs)
    json["programs"].push_back(programJson(program));
  json["images"] = Json::array();
  for (const ImageGroup &group : groupsOf(contents.images))
    json["images"].push_back(imageJson(contents, group));
  json["kernels"] = Json::array();
  for (const Kernel &kernel : contents.kernels)
    json["kernels"].push_back(
        {{"symbol", kernel.symbol}, {"arguments", kernel.arguments}});
  json["state_bytes"] = contents.stateBytes;
  json["total"] = partJson(totalOf(executable));
  json["parts"] = Json::object();
  for (const auto &[name, part] : partsOf(executable))
    json["parts"][name] = partJson(part);
  json["variables"] = Json::array();
  for (const Variable &variable : contents.variables)
    json["variables"].push_back({{"name", variable.name},
                                 {"type", nameOf(variable.type)},
                                 {"shape", variable.published()},
                                 {"stored_shape", variable.shape},
                                 {"initializer", initializerText(variable)}});
  // Bytes that are no UTF-8 become replacement characters.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace bcssl
