//===- Status.cpp - errors as text ----------------------------------------===//

#include "runtime/base/Status.h"

namespace bcssl {

std::string Error::text() const {
  std::string text;
  if (!file.empty()) {
    text += file + ":";
    if (offset)
      text += std::to_string(*offset) + ":";
    text += " ";
  }
  text += message;
  if (!id.empty())
    text += " [" + id + "]";
  if (!hint.empty())
    text += "; " + hint;
  return text;
}

} // namespace bcssl
