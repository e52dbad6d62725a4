//===- Error.h - mistakes in a model ----------------------------*- C++ -*-===//

#ifndef BCSSL_FRONTEND_ERROR_H
#define BCSSL_FRONTEND_ERROR_H

#include <source_location>
#include <sstream>
#include <stdexcept>
#include <string>

namespace bcssl::frontend {

/// A mistake in a model or in its options. `what()` reads
/// "models/Foo.h:42: error: depthwise_conv2d expects ..., got ...", with the
/// line of the model that made the call; tools print it and exit with 2.
class ModelError : public std::runtime_error {
public:
  ModelError(std::source_location where, const std::string &message)
      : std::runtime_error(std::string(where.file_name()) + ":" +
                           std::to_string(where.line()) +
                           ": error: " + message),
        where(where) {}

  std::source_location where;
};

/// Throws a ModelError whose message is the parts written one after another.
template <class... Parts>
[[noreturn]] void fail(std::source_location where, const Parts &...parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw ModelError(where, text.str());
}

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_ERROR_H
