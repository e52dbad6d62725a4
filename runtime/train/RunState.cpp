//===- RunState.cpp - where a run stands ----------------------------------===//

#include "runtime/train/RunState.h"

#include "runtime/train/Digest.h"

#include <nlohmann/json.hpp>

namespace bcssl {

using Json = nlohmann::ordered_json;

/// Most bytes of a state file; ours have about one thousand.
static constexpr size_t mostBytes = 1 << 20;

static constexpr int64_t formatVersion = 1;

std::string formatRunState(const RunState &state) {
  Json files = Json::object();
  for (const auto &[name, file] : state.files)
    files[name] = {{"bytes", file.bytes}, {"xxh3_128", file.digest}};
  Json json = {{"format", formatVersion},    {"version", state.version},
               {"step", state.step},         {"epoch", state.epoch},
               {"position", state.position}, {"seed", state.seed},
               {"artifact", state.artifact}, {"data", state.data},
               {"hash", state.hash},         {"files", std::move(files)}};
  auto dump = [&] {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  };
  // The last line seals the ones above it.
  DigestStream digest;
  digest.add(dump());
  json["seal"] = digest.value().hex();
  return dump();
}

/// Reads typed members and remembers the first that is missing or of another
/// type.
namespace {
class Members {
public:
  explicit Members(const Json &json) : json(json) {}

  template <typename T> T get(const char *key) {
    auto at = json.is_object() ? json.find(key) : json.end();
    bool fits = json.is_object() && at != json.end();
    if constexpr (std::is_same_v<T, std::string>)
      fits = fits && at->is_string();
    else if constexpr (std::is_unsigned_v<T>)
      fits = fits && at->is_number_unsigned();
    else
      fits = fits && at->is_number_unsigned() &&
             at->template get<uint64_t>() <= uint64_t{INT64_MAX};
    if (fits)
      return at->template get<T>();
    if (wrong.empty())
      wrong = key;
    return T();
  }

  std::string wrong;

private:
  const Json &json;
};
} // namespace

static Error stateError(std::string message) {
  return {ExitCode::BadData, "checkpoint-state", std::move(message)};
}

Result<RunState> parseRunState(std::string_view text) {
  if (text.size() > mostBytes)
    return stateError("expects at most " + std::to_string(mostBytes) +
                      " bytes, got " + std::to_string(text.size()));
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object())
    return stateError("not valid JSON");
  Members members(json);
  int64_t format = members.get<int64_t>("format");
  if (members.wrong.empty() && format != formatVersion)
    return stateError("has format " + std::to_string(format) +
                      ", this version reads format " +
                      std::to_string(formatVersion));
  RunState state;
  state.version = members.get<std::string>("version");
  state.step = members.get<int64_t>("step");
  state.epoch = members.get<int64_t>("epoch");
  state.position = members.get<int64_t>("position");
  state.seed = members.get<uint64_t>("seed");
  state.artifact = members.get<std::string>("artifact");
  state.data = members.get<std::string>("data");
  state.hash = members.get<std::string>("hash");
  if (!members.wrong.empty())
    return stateError("expects a field '" + members.wrong + "'");
  auto files = json.find("files");
  if (files == json.end() || !files->is_object())
    return stateError("expects a field 'files'");
  for (const auto &[name, entry] : files->items()) {
    Members file(entry);
    CheckpointFile value{file.get<uint64_t>("bytes"),
                         file.get<std::string>("xxh3_128")};
    if (!file.wrong.empty())
      return stateError("the list of files expects '" + file.wrong + "'");
    state.files.emplace(name, std::move(value));
  }
  if (formatRunState(state) != text)
    return stateError("its text does not agree with its seal");
  return state;
}

} // namespace bcssl
