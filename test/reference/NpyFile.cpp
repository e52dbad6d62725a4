//===- NpyFile.cpp - tensors of the reference as .npy files ---------------===//

#include "test/reference/NpyFile.h"

#include "runtime/base/AtomicFile.h"
#include "runtime/base/ReadFile.h"

#include <cstring>
#include <optional>
#include <regex>
#include <string_view>

namespace bcssl::reference {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr uint64_t maxBytes = uint64_t{1} << 34;
// The regular expression recurses once a character.
constexpr size_t maxHeader = 4096;

Error badFile(const std::string &path, const char *id, std::string message) {
  return {.code = ExitCode::BadData,
          .id = id,
          .message = std::move(message),
          .file = path};
}

/// What the header says, and where the elements begin.
struct Header {
  std::string type;
  Shape shape;
  size_t dataOffset;
};

std::optional<Header> parseHeader(std::string_view bytes) {
  if (bytes.size() < 12 || bytes.substr(0, magic.size()) != magic)
    return std::nullopt;
  // Version 1 has a length of 2 bytes, later versions one of 4.
  size_t lengthBytes = bytes[6] == 1 ? 2 : 4;
  size_t length = 0;
  for (size_t i = 0; i < lengthBytes; ++i)
    length |= size_t(static_cast<unsigned char>(bytes[8 + i])) << (8 * i);
  size_t start = 8 + lengthBytes;
  if (length > maxHeader || length > bytes.size() - start)
    return std::nullopt;
  std::string text(bytes.substr(start, length));
  static const std::regex pattern(
      R"(\{'descr': '([^']*)', 'fortran_order': False, 'shape': \(([0-9, ]*)\),? *\}\s*)");
  std::smatch match;
  if (!std::regex_match(text, match, pattern))
    return std::nullopt;
  Header header{match[1], {}, start + length};
  std::string sizes = match[2];
  static const std::regex number("[0-9]{1,15}");
  for (std::sregex_iterator it(sizes.begin(), sizes.end(), number), end;
       it != end; ++it)
    header.shape.push_back(std::stoll(it->str()));
  return header;
}

template <typename Element>
std::optional<Tensor> elementsOf(const Header &header, std::string_view data) {
  // The sizes come from the file: multiply without overflow.
  uint64_t count = 1;
  for (int64_t size : header.shape)
    if (__builtin_mul_overflow(count, uint64_t(size), &count))
      return std::nullopt;
  if (data.size() % sizeof(Element) != 0 ||
      count != data.size() / sizeof(Element))
    return std::nullopt;
  Tensor tensor(header.shape);
  for (size_t i = 0; i < count; ++i) {
    Element element;
    std::memcpy(&element, data.data() + i * sizeof(Element), sizeof(Element));
    tensor.values[i] = double(element);
  }
  return tensor;
}

template <typename Element>
void appendElements(std::string &bytes, const Tensor &tensor) {
  for (double value : tensor.values) {
    auto element = static_cast<Element>(value);
    bytes.append(reinterpret_cast<const char *>(&element), sizeof(element));
  }
}

} // namespace

Result<Tensor> readNpy(const std::string &path) {
  BCSSL_ASSIGN_OR_RETURN(file, readFile(path, maxBytes));
  std::string_view bytes(reinterpret_cast<const char *>(file.data()),
                         file.size());
  std::optional<Header> header = parseHeader(bytes);
  if (!header)
    return badFile(path, "npy-header",
                   "expects a row-major array in NumPy's format");
  std::string_view data = bytes.substr(header->dataOffset);
  std::optional<Tensor> tensor;
  if (header->type == "<f8")
    tensor = elementsOf<double>(*header, data);
  else if (header->type == "<f4")
    tensor = elementsOf<float>(*header, data);
  else if (header->type == "<i4")
    tensor = elementsOf<int32_t>(*header, data);
  else
    return badFile(path, "npy-type",
                   "expects elements <f8, <f4 or <i4, got " + header->type);
  if (!tensor)
    return badFile(path, "npy-size",
                   "expects as many elements as the shape says");
  return *std::move(tensor);
}

Status writeNpy(const std::string &path, const Tensor &tensor, NpyType type) {
  std::string shape;
  for (int64_t size : tensor.shape)
    shape += std::to_string(size) + ", ";
  std::string header = std::string("{'descr': '") +
                       (type == NpyType::Float64 ? "<f8" : "<i4") +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // The elements begin at a multiple of 64 bytes.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes(magic);
  bytes += {'\1', '\0', static_cast<char>(header.size() & 0xff),
            static_cast<char>(header.size() >> 8)};
  bytes += header;
  if (type == NpyType::Float64)
    appendElements<double>(bytes, tensor);
  else
    appendElements<int32_t>(bytes, tensor);
  return writeFileAtomically(path, bytes);
}

} // namespace bcssl::reference
