//===- JsonLog.cpp - log.txt ----------------------------------------------===//

#include "runtime/report/JsonLog.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace bcssl {

using Json = nlohmann::ordered_json;

std::string jsonLine(const std::vector<LogField> &fields) {
  std::string line = "{";
  auto text = [](const Json &json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  for (const LogField &field : fields) {
    line += (line.size() > 1 ? ", " : "") + text(field.key) + ": ";
    std::visit([&](const auto &value) { line += text(value); }, field.value);
  }
  return line + "}";
}

/// The length of the part of a log that stays.
static std::streamoff keptLength(const std::string &path, int64_t step) {
  std::ifstream stream(path, std::ios::binary);
  std::streamoff kept = 0;
  std::string line;
  // A last line without a newline was torn: eof() is set with it.
  while (std::getline(stream, line) && !stream.eof()) {
    Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object())
      break;
    auto at = json.find("step");
    if (at != json.end() && at->is_number_integer() &&
        at->get<int64_t>() > step)
      break;
    kept += static_cast<std::streamoff>(line.size()) + 1;
  }
  return kept;
}

Result<JsonLog> JsonLog::open(const std::string &path, int64_t step) {
  int descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return Error{ExitCode::CannotCreate, "log-open",
                 std::string("cannot open: ") + std::strerror(errno), path};
  JsonLog log(path, descriptor);
  struct stat info;
  bool regular = fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode);
  if (regular && info.st_size > 0 && std::ifstream(path).peek() != '{')
    return Error{ExitCode::CannotCreate,
                 "log-foreign",
                 "expects a log of JSON lines, got a file of another kind",
                 path,
                 {},
                 "move it away or choose another output folder"};
  if (regular && ftruncate(descriptor, keptLength(path, step)) != 0)
    return Error{ExitCode::Io, "log-write",
                 std::string("cannot shorten: ") + std::strerror(errno), path};
  return log;
}

JsonLog::JsonLog(JsonLog &&other) noexcept
    : path(std::move(other.path)), descriptor(other.descriptor) {
  other.descriptor = -1;
}

JsonLog::~JsonLog() {
  if (descriptor >= 0)
    close(descriptor);
}

Status JsonLog::append(const std::vector<LogField> &fields) {
  std::string line = jsonLine(fields) + "\n";
  // One write does it; after a short count the next one says why.
  size_t at = 0;
  while (at < line.size()) {
    ssize_t count = write(descriptor, line.data() + at, line.size() - at);
    if (count < 0 && errno != EINTR)
      break;
    at += static_cast<size_t>(std::max<ssize_t>(count, 0));
  }
  if (at == line.size())
    return {};
  bool full = errno == ENOSPC || errno == EDQUOT;
  return Error{ExitCode::Io,
               full ? "disk-full" : "log-write",
               full ? "cannot append a line: disk full"
                    : std::string("cannot append: ") + std::strerror(errno),
               path,
               {},
               "free space there or choose another output folder"};
}

} // namespace bcssl
