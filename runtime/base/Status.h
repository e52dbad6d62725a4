//===- Status.h - errors as values ------------------------------*- C++ -*-===//
//
// The runtime reports every failure as an Error value: a stable identifier, an
// exit code, what happened, where (file and byte offset), and what to do next.
// No exception crosses a public function.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_BASE_STATUS_H
#define BCSSL_RUNTIME_BASE_STATUS_H

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace bcssl {

/// Exit codes of all tools, after sysexits.
enum class ExitCode : int {
  Done = 0,
  Failed = 1,      ///< a check or compilation failed
  Usage = 2,       ///< wrong flag or configuration
  BadData = 65,    ///< malformed input file
  NoInput = 66,    ///< input missing
  NoDevice = 69,   ///< device or driver not usable
  Internal = 70,   ///< a bug of ours
  NoResource = 71, ///< out of memory or another OS resource
  CannotCreate = 73,
  Io = 74,      ///< disk full, read or write error
  Stopped = 75, ///< stopped on request, checkpoint safe: requeue
  PeerLost = 76,
  NonFinite = 79, ///< the loss became NaN or infinite
};

/// What went wrong. `id` is stable across versions ("png-truncated").
struct Error {
  ExitCode code = ExitCode::Internal;
  std::string id;
  std::string message;                 ///< lower case, no full stop
  std::string file = {};               ///< empty where no file is concerned
  std::optional<uint64_t> offset = {}; ///< byte in the file
  std::string hint = {};               ///< what to do next

  /// "file:offset: message [id]; hint", the form every tool prints.
  std::string text() const;
};

/// Success or an Error.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Error error) : failure(std::move(error)) {}
  bool ok() const { return !failure; }
  explicit operator bool() const { return ok(); }
  const Error &error() const { return *failure; }

private:
  std::optional<Error> failure;
};

/// A value or an Error.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : state(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state(std::in_place_index<1>, std::move(error)) {}
  bool ok() const { return state.index() == 0; }
  explicit operator bool() const { return ok(); }
  T &operator*() { return std::get<0>(state); }
  const T &operator*() const { return std::get<0>(state); }
  T *operator->() { return &std::get<0>(state); }
  const T *operator->() const { return &std::get<0>(state); }
  const Error &error() const { return std::get<1>(state); }

private:
  std::variant<T, Error> state;
};

#define BCSSL_CONCAT_(a, b) a##b
#define BCSSL_CONCAT(a, b) BCSSL_CONCAT_(a, b)

/// Returns from the function with the error of `expression`, if it has one.
#define BCSSL_RETURN_IF_ERROR(expression)                                      \
  do {                                                                         \
    if (auto status_ = (expression); !status_.ok())                            \
      return status_.error();                                                  \
  } while (false)

/// Declares `variable` as the value of `expression`, or returns its error.
#define BCSSL_ASSIGN_OR_RETURN(variable, expression)                           \
  BCSSL_ASSIGN_OR_RETURN_(BCSSL_CONCAT(result_, __LINE__), variable, expression)
#define BCSSL_ASSIGN_OR_RETURN_(result, variable, expression)                  \
  auto result = (expression);                                                  \
  if (!result.ok())                                                            \
    return result.error();                                                     \
  auto variable = std::move(*result)

} // namespace bcssl

#endif // BCSSL_RUNTIME_BASE_STATUS_H
