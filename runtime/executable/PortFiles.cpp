//===- PortFiles.cpp - names, conversion, comparison ----------------------===//

#include "runtime/executable/PortFiles.h"
#include "runtime/executable/Initialize.h"
#include "runtime/executable/Npy.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

namespace bcssl {

using artifact::Port;

/// Copies one element out of bytes that need not be aligned.
template <typename T>
static T elementAt(std::span<const std::byte> bytes, uint64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

Result<std::vector<PortFile>> assignPorts(const std::vector<std::string> &words,
                                          const std::vector<Port> &ports,
                                          const std::string &kind) {
  auto unknown = [&](const std::string &got) {
    std::string names;
    for (const Port &port : ports)
      names += (names.empty() ? "" : ", ") + port.name;
    return Error{ExitCode::Usage, "no-such-" + kind,
                 "expects an " + kind + " of " +
                     (names.empty() ? "none" : names) + ", got " + got};
  };
  std::vector<PortFile> files;
  for (const std::string &word : words) {
    // A path may hold '=': only the name of a port counts as one.
    auto port = std::ranges::find_if(ports, [&](const Port &candidate) {
      return word.starts_with(candidate.name + "=");
    });
    std::string path = word;
    if (port != ports.end())
      path = word.substr(port->name.size() + 1);
    else if (word.find('=') != std::string::npos)
      return unknown(word.substr(0, word.find('=')));
    else if (files.size() < ports.size())
      port = ports.begin() + static_cast<ptrdiff_t>(files.size());
    else
      return unknown(word);
    if (std::ranges::count(files, &*port, &PortFile::port))
      return Error{ExitCode::Usage, "port-twice",
                   "expects one file for the " + kind + " " + port->name +
                       ", got " + path + " too"};
    files.push_back({&*port, path});
  }
  return files;
}

std::string typeText(DataType type, const artifact::Shape &shape) {
  std::string text = std::string(nameOf(type)) + " [";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

/// Reads an array and checks that it fits the port.
static Result<NpyArray> readFitting(const Port &port, const std::string &path) {
  auto array = readNpy(path);
  if (!array)
    return array.error();
  bool bytes = array->type == NpyType::U8;
  bool whole = array->type == NpyType::I32;
  if (whole != (port.type == DataType::I32) ||
      bytes != (port.type == DataType::U8))
    return Error{ExitCode::BadData, "port-type",
                 port.name + " expects " + nameOf(port.type) +
                     " elements, got " +
                     (bytes   ? "bytes"
                      : whole ? "whole numbers"
                              : "floating-point numbers"),
                 path};
  if (array->shape != port.shape)
    return Error{ExitCode::BadData, "port-shape",
                 port.name + " expects " + typeText(port.type, port.shape) +
                     ", got " + typeText(port.type, array->shape),
                 path};
  return array;
}

static double npyElement(const NpyArray &array, uint64_t index) {
  switch (array.type) {
  case NpyType::F32:
    return elementAt<float>(array.data, index);
  case NpyType::F64:
    return elementAt<double>(array.data, index);
  case NpyType::I32:
    return elementAt<int32_t>(array.data, index);
  case NpyType::U8:
    return elementAt<uint8_t>(array.data, index);
  }
  return 0;
}

Result<std::vector<std::byte>> readPort(const Port &port,
                                        const std::string &path) {
  auto array = readFitting(port, path);
  if (!array)
    return array.error();
  bool same = (array->type == NpyType::F32 && port.type == DataType::F32) ||
              array->type == NpyType::I32 || array->type == NpyType::U8;
  if (same)
    return std::move(array->data);
  std::vector<std::byte> bytes(port.bytes());
  for (uint64_t i = 0; i < port.elements(); ++i) {
    auto value = static_cast<float>(npyElement(*array, i));
    if (port.type == DataType::F32) {
      std::memcpy(&bytes[i * sizeof(float)], &value, sizeof(float));
    } else {
      uint16_t narrow = roundToBf16(value);
      std::memcpy(&bytes[i * sizeof(narrow)], &narrow, sizeof(narrow));
    }
  }
  return bytes;
}

double portElement(const Port &port, std::span<const std::byte> bytes,
                   uint64_t index) {
  switch (port.type) {
  case DataType::F32:
    return elementAt<float>(bytes, index);
  case DataType::BF16:
    return std::bit_cast<float>(uint32_t{elementAt<uint16_t>(bytes, index)}
                                << 16);
  case DataType::I32:
    return elementAt<int32_t>(bytes, index);
  case DataType::U8:
    return elementAt<uint8_t>(bytes, index);
  }
  return 0;
}

Status writePort(const Port &port, std::span<const std::byte> bytes,
                 const std::string &path) {
  if (port.type == DataType::I32)
    return writeNpy(path, NpyType::I32, port.shape, bytes);
  if (port.type == DataType::U8)
    return writeNpy(path, NpyType::U8, port.shape, bytes);
  if (port.type == DataType::F32)
    return writeNpy(path, NpyType::F32, port.shape, bytes);
  std::vector<float> wide(port.elements());
  for (uint64_t i = 0; i < wide.size(); ++i)
    wide[i] = static_cast<float>(portElement(port, bytes, i));
  return writeNpy(path, NpyType::F32, port.shape,
                  std::as_bytes(std::span(wide)));
}

Result<Comparison> comparePort(const Port &port,
                               std::span<const std::byte> bytes,
                               const std::string &path, double rtol,
                               double atol) {
  auto array = readFitting(port, path);
  if (!array)
    return array.error();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Comparison result;
  result.elements = port.elements();
  for (uint64_t i = 0; i < result.elements; ++i) {
    double got = portElement(port, bytes, i);
    double expected = npyElement(*array, i);
    if (got == expected)
      continue;
    double difference = std::abs(got - expected);
    if (!std::isfinite(difference))
      difference = infinity;
    result.largestAbsolute = std::max(result.largestAbsolute, difference);
    if (expected != 0)
      result.largestRelative = std::max(
          result.largestRelative,
          std::isfinite(expected) ? difference / std::abs(expected) : infinity);
    // An infinite expectation must not make everything close.
    if (std::isfinite(difference) &&
        difference <= atol + rtol * std::abs(expected))
      continue;
    if (result.wrong++ == 0) {
      result.firstWrong = i;
      result.got = got;
      result.expected = expected;
    }
  }
  return result;
}

std::string Comparison::text() const {
  char line[256];
  int length = std::snprintf(
      line, sizeof(line),
      "%llu of %llu elements differ, largest difference %.3g (relative %.3g)",
      static_cast<unsigned long long>(wrong),
      static_cast<unsigned long long>(elements), largestAbsolute,
      largestRelative);
  if (wrong)
    std::snprintf(line + length, sizeof(line) - static_cast<size_t>(length),
                  ", first at %llu: expects %.9g, got %.9g",
                  static_cast<unsigned long long>(firstWrong), expected, got);
  return line;
}

} // namespace bcssl
