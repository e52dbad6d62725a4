//===- JsonLog.h - log.txt --------------------------------------*- C++ -*-===//
//
// One JSON object a line. Each line is a single append, so that a kill leaves
// at most one torn line, and readers never see half of one from two writers.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_REPORT_JSONLOG_H
#define BCSSL_RUNTIME_REPORT_JSONLOG_H

#include "runtime/base/Status.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace bcssl {

/// A member of a log line. Numbers that are not finite become null.
struct LogField {
  std::string key;
  std::variant<int64_t, double, std::string> value;
};

/// `{"a": 1, "b": 0.5}` on one line, without the newline.
std::string jsonLine(const std::vector<LogField> &fields);

/// Appends lines to a file.
class JsonLog {
public:
  /// Opens `path` for appending. Of an existing file, lines stay up to the
  /// first whose "step" is above `step`, or that is not a whole JSON object:
  /// they belong to steps that a resumed run takes again.
  /// Errors: "log-open", "log-foreign" where the file does not begin like a log
  /// (CannotCreate), "log-write" (Io).
  static Result<JsonLog> open(const std::string &path, int64_t step);

  JsonLog(JsonLog &&other) noexcept;
  JsonLog &operator=(JsonLog &&) = delete;
  ~JsonLog();

  /// Errors: "disk-full", "log-write" (Io).
  Status append(const std::vector<LogField> &fields);

private:
  JsonLog(std::string path, int descriptor)
      : path(std::move(path)), descriptor(descriptor) {}

  std::string path;
  int descriptor;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_REPORT_JSONLOG_H
