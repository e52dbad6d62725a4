//===- Executable.cpp - read, decode, verify, look up ---------------------===//

#include "runtime/executable/Executable.h"
#include "runtime/base/ReadFile.h"
#include "runtime/executable/Decode.h"
#include "runtime/executable/Verify.h"

#include <cstdio>
#include <xxhash.h>

namespace bcssl {

/// What flatbuffers can address.
static constexpr uint64_t maxFileBytes = (uint64_t{1} << 31) - 1;

static std::string hashText(std::span<const std::byte> bytes) {
  XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  char text[33];
  std::snprintf(text, sizeof(text), "%016llx%016llx",
                static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text;
}

Result<std::shared_ptr<const Executable>>
Executable::open(const std::string &path) {
  auto bytes = readFile(path, maxFileBytes);
  if (!bytes)
    return bytes.error();
  return parse(std::move(*bytes), path);
}

Result<std::shared_ptr<const Executable>>
Executable::parse(std::vector<std::byte> bytes, const std::string &file) {
  std::shared_ptr<Executable> made(new Executable());
  made->bytes = std::move(bytes);
  made->origin = file;
  auto inFile = [&](Error error) {
    error.file = file;
    return error;
  };
  auto tables = artifact::decode(made->bytes);
  if (!tables)
    return inFile(tables.error());
  if (Status status = artifact::verify(*tables); !status)
    return inFile(status.error());
  if (Status status = artifact::verifyImages(*tables); !status)
    return inFile(status.error());
  made->tables = std::move(*tables);
  made->digest = hashText(made->bytes);
  for (size_t i = 0; i < made->tables.variables.size(); ++i)
    made->variableNumbers.emplace(made->tables.variables[i].name, i);
  return std::shared_ptr<const Executable>(std::move(made));
}

std::optional<size_t> Executable::findVariable(std::string_view name) const {
  auto found = variableNumbers.find(name);
  if (found == variableNumbers.end())
    return std::nullopt;
  return found->second;
}

std::optional<size_t> Executable::findProgram(std::string_view name) const {
  for (size_t i = 0; i < tables.programs.size(); ++i)
    if (tables.programs[i].name == name)
      return i;
  return std::nullopt;
}

std::string Executable::property(std::string_view key) const {
  for (const auto &[name, value] : tables.properties)
    if (name == key)
      return value;
  return "";
}

} // namespace bcssl
