//===- Npy.cpp - header dictionary, sizes ---------------------------------===//

#include "runtime/executable/Npy.h"
#include "runtime/base/AtomicFile.h"
#include "runtime/base/ReadFile.h"

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

namespace bcssl {

static constexpr uint64_t maxData = uint64_t{4} << 30;
static constexpr uint64_t maxHeader = 64 << 10;
static constexpr size_t maxRank = 32; // NumPy's own limit
static constexpr std::string_view magic("\x93NUMPY", 6);

namespace {

/// Reads the header: a Python dictionary of three known keys.
class HeaderParser {
public:
  HeaderParser(std::string_view text, uint64_t start, const std::string &file)
      : text(text), start(start), file(file) {}

  Status parse();

  std::optional<NpyType> type;
  std::optional<bool> fortranOrder;
  std::optional<std::vector<int64_t>> shape;

private:
  Error fails(const char *id, const std::string &message) const {
    return {ExitCode::BadData, id, message, file, start + at};
  }
  void skipBlanks() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n'))
      ++at;
  }
  /// Takes `word` if it comes next.
  bool take(std::string_view word) {
    skipBlanks();
    if (!text.substr(at).starts_with(word))
      return false;
    at += word.size();
    return true;
  }
  std::optional<std::string_view> takeString();
  Status takeValue(std::string_view key);
  Status takeType();
  Status takeOrder();
  Status takeShape();

  std::string_view text;
  uint64_t start; ///< of the text in the file
  const std::string &file;
  size_t at = 0;
};

} // namespace

/// A quoted string without escapes, which is what NumPy writes.
std::optional<std::string_view> HeaderParser::takeString() {
  skipBlanks();
  if (at >= text.size() || (text[at] != '\'' && text[at] != '"'))
    return std::nullopt;
  size_t end = text.find(text[at], at + 1);
  if (end == std::string_view::npos)
    return std::nullopt;
  std::string_view value = text.substr(at + 1, end - at - 1);
  at = end + 1;
  return value;
}

Status HeaderParser::takeType() {
  auto name = takeString();
  if (!name)
    return fails("npy-type", "expects a plain element type");
  if (*name == "<f4")
    type = NpyType::F32;
  else if (*name == "<f8")
    type = NpyType::F64;
  else if (*name == "<i4")
    type = NpyType::I32;
  else if (*name == "|u1")
    type = NpyType::U8;
  else
    return fails("npy-type", "expects elements of <f4, <f8, <i4 or |u1");
  return {};
}

Status HeaderParser::takeOrder() {
  if (take("False"))
    fortranOrder = false;
  else if (take("True"))
    fortranOrder = true;
  else
    return fails("npy-header", "expects True or False for fortran_order");
  return {};
}

Status HeaderParser::takeShape() {
  if (!take("("))
    return fails("npy-header", "expects a tuple for shape");
  std::vector<int64_t> sizes;
  while (!take(")")) {
    skipBlanks();
    int64_t size = 0;
    auto [end, code] =
        std::from_chars(text.data() + at, text.data() + text.size(), size);
    if (code != std::errc() || size < 0)
      return fails("npy-shape", "expects sizes of at least 0");
    at = static_cast<size_t>(end - text.data());
    if (sizes.size() == maxRank)
      return fails("npy-shape", "expects at most " + std::to_string(maxRank) +
                                    " dimensions");
    sizes.push_back(size);
    if (!take(",") && !text.substr(at).starts_with(")"))
      return fails("npy-header", "expects a comma between sizes");
  }
  shape = std::move(sizes);
  return {};
}

Status HeaderParser::takeValue(std::string_view key) {
  if (key == "descr" && !type)
    return takeType();
  if (key == "fortran_order" && !fortranOrder)
    return takeOrder();
  if (key == "shape" && !shape)
    return takeShape();
  return fails("npy-header",
               "expects each of descr, fortran_order and shape once");
}

Status HeaderParser::parse() {
  if (!take("{"))
    return fails("npy-header", "expects a dictionary");
  while (!take("}")) {
    auto key = takeString();
    if (!key || !take(":"))
      return fails("npy-header", "expects a key and a colon");
    BCSSL_RETURN_IF_ERROR(takeValue(*key));
    skipBlanks();
    if (!take(",") && !text.substr(at).starts_with("}"))
      return fails("npy-header", "expects a comma between entries");
  }
  skipBlanks();
  if (at != text.size() || !type || !fortranOrder || !shape)
    return fails("npy-header",
                 "expects each of descr, fortran_order and shape once");
  if (*fortranOrder)
    return fails("npy-order", "expects C order, got Fortran order");
  return {};
}

/// The bytes that an array of this shape has, if they are not too many.
static std::optional<uint64_t> bytesOf(NpyType type,
                                       std::span<const int64_t> shape) {
  uint64_t bytes = sizeOf(type);
  bool empty = false;
  for (int64_t size : shape) {
    empty |= size == 0;
    if (size != 0 && static_cast<uint64_t>(size) > maxData / bytes)
      return std::nullopt;
    bytes *= size ? static_cast<uint64_t>(size) : 1;
  }
  return empty ? 0 : bytes;
}

Result<NpyArray> parseNpy(std::span<const std::byte> bytes,
                          const std::string &file) {
  std::string_view text(reinterpret_cast<const char *>(bytes.data()),
                        bytes.size());
  auto fails = [&](const char *id, const std::string &message,
                   uint64_t offset) {
    return Error{ExitCode::BadData, id, message, file, offset};
  };
  if (!text.starts_with(magic))
    return fails("npy-kind", "expects a .npy file, got something else", 0);
  if (text.size() < 8 || (text[6] != 1 && text[6] != 2) || text[7] != 0)
    return fails("npy-kind", "expects .npy version 1.0 or 2.0", 6);
  uint64_t lengthBytes = text[6] == 1 ? 2 : 4;
  uint64_t start = 8 + lengthBytes;
  uint32_t length = 0;
  if (text.size() < start)
    return fails("npy-header", "expects a header, got the end of the file", 8);
  std::memcpy(&length, text.data() + 8, lengthBytes);
  if (length > maxHeader || length > text.size() - start)
    return fails("npy-header",
                 "expects a header inside the file, got one of " +
                     std::to_string(length) + " bytes",
                 8);
  HeaderParser header(text.substr(start, length), start, file);
  BCSSL_RETURN_IF_ERROR(header.parse());
  auto expected = bytesOf(*header.type, *header.shape);
  uint64_t data = start + length;
  if (!expected)
    return fails("npy-shape",
                 "expects an array of at most " + std::to_string(maxData) +
                     " bytes",
                 start);
  if (bytes.size() - data != *expected)
    return fails("npy-size",
                 "expects " + std::to_string(*expected) +
                     " bytes of elements, got " +
                     std::to_string(bytes.size() - data),
                 data);
  return NpyArray{*header.type, std::move(*header.shape),
                  std::vector<std::byte>(bytes.begin() + data, bytes.end())};
}

Result<NpyArray> readNpy(const std::string &path) {
  auto bytes = readFile(path, maxData + maxHeader + 12);
  if (!bytes)
    return bytes.error();
  return parseNpy(*bytes, path);
}

Status writeNpy(const std::string &path, NpyType type,
                std::span<const int64_t> shape,
                std::span<const std::byte> data) {
  const char *names[] = {"<f4", "<f8", "<i4", "|u1"};
  std::string dictionary = std::string("{'descr': '") +
                           names[static_cast<int>(type)] +
                           "', 'fortran_order': False, 'shape': (";
  for (int64_t size : shape)
    dictionary += std::to_string(size) + ", ";
  // A tuple of one keeps its comma; longer ones do not end with one.
  if (shape.size() > 1)
    dictionary.resize(dictionary.size() - 2);
  else if (shape.size() == 1)
    dictionary.pop_back();
  dictionary += "), }";
  // The elements start at a multiple of 64.
  uint64_t used = magic.size() + 4 + dictionary.size() + 1;
  dictionary.append((64 - used % 64) % 64, ' ');
  dictionary += '\n';
  auto length = static_cast<uint16_t>(dictionary.size());
  std::string head(magic);
  head += '\x01';
  head += '\x00';
  head += static_cast<char>(length & 0xff);
  head += static_cast<char>(length >> 8);
  head += dictionary;

  auto file = AtomicFile::create(path, head.size() + data.size());
  if (!file)
    return file.error();
  BCSSL_RETURN_IF_ERROR(file->write(head));
  BCSSL_RETURN_IF_ERROR(file->write(data));
  return file->commit();
}

} // namespace bcssl
