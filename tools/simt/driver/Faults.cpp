//===- Faults.cpp - calls that are told to fail ---------------------------===//

#include "tools/simt/driver/Faults.h"

#include <charconv>
#include <string_view>

namespace bcssl::simt {

template <typename Number>
static bool parse(std::string_view text, Number &number) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

Faults::Faults(const char *given) {
  std::string_view rest = given ? given : "";
  if (rest.empty())
    return;
  if (size_t place = rest.find('='); place != rest.npos) {
    int code = 0;
    if (!parse(rest.substr(place + 1), code))
      words = "expects a number behind = of BCSSL_SIMT_FAIL";
    result = static_cast<CUresult>(code);
    rest = rest.substr(0, place);
  }
  if (size_t place = rest.find(':'); place != rest.npos) {
    function = rest.substr(0, place);
    rest = rest.substr(place + 1);
  }
  if (!parse(rest, number))
    words = "expects BCSSL_SIMT_FAIL to be N or FUNCTION:N, got " +
            std::string(given);
}

std::optional<CUresult> Faults::next(const std::string &called) {
  // Names of newer versions count as the plain ones.
  std::string_view plain = called;
  if (plain.ends_with("_v2"))
    plain.remove_suffix(3);
  if (number == 0 || (!function.empty() && function != plain) ||
      ++calls != number)
    return std::nullopt;
  if (result)
    return result;
  return called.find("Alloc") != std::string::npos ? CUDA_ERROR_OUT_OF_MEMORY
                                                   : CUDA_ERROR_UNKNOWN;
}

} // namespace bcssl::simt
