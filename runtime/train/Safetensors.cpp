//===- Safetensors.cpp - the exchange format of weights -------------------===//

#include "runtime/train/Safetensors.h"

#include "runtime/base/AtomicFile.h"
#include "runtime/train/SafetensorsHeader.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bcssl {

static_assert(std::endian::native == std::endian::little,
              "tensors are read and written in memory order");

uint64_t typeSize(TensorType type) {
  switch (type) {
  case TensorType::U8:
    return 1;
  case TensorType::BF16:
    return 2;
  case TensorType::I32:
  case TensorType::F32:
    return 4;
  case TensorType::F64:
  case TensorType::I64:
    return 8;
  }
  return 1;
}

std::optional<uint64_t> elementCount(std::span<const int64_t> shape) {
  int64_t count = 1;
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0)
      return {};
    // [2^40, 2^40, 0] is empty, but its strides still overflow: refused.
    if (size == 0)
      empty = true;
    else if (__builtin_mul_overflow(count, size, &count))
      return {};
  }
  return empty ? 0 : static_cast<uint64_t>(count);
}

std::string quoteName(std::string_view name) {
  constexpr size_t most = 120;
  static const char digits[] = "0123456789abcdef";
  std::string text = "'";
  for (unsigned char c : name.substr(0, most))
    if (c < 0x20 || c == 0x7f)
      text += std::string("\\x") + digits[c >> 4] + digits[c & 15];
    else
      text += static_cast<char>(c);
  return text + (name.size() > most ? "...'" : "'");
}

static Error badFile(std::string id, std::string message,
                     const std::string &file, uint64_t offset) {
  return {ExitCode::BadData,
          std::move(id),
          std::move(message),
          file,
          offset,
          "the file is damaged or not safetensors; write or fetch it again"};
}

SafetensorsReader::SafetensorsReader(SafetensorsReader &&other) noexcept
    : file(std::move(other.file)), descriptor(other.descriptor),
      infos(std::move(other.infos)), byName(std::move(other.byName)),
      texts(std::move(other.texts)) {
  other.descriptor = -1;
}

SafetensorsReader::~SafetensorsReader() {
  if (descriptor >= 0)
    close(descriptor);
}

Result<SafetensorsReader> SafetensorsReader::open(const std::string &path) {
  // O_NONBLOCK: a FIFO must not hang us.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return Error{ExitCode::NoInput, "file-open",
                 std::string("cannot open: ") + std::strerror(errno), path};
  SafetensorsReader reader(path, descriptor);
  BCSSL_RETURN_IF_ERROR(reader.readHeader());
  return reader;
}

/// Sorts tensors by place and checks that they follow each other from `start`
/// to the end of the file.
static Status checkCover(std::vector<TensorInfo> &infos, uint64_t start,
                         uint64_t fileSize, const std::string &file) {
  std::sort(infos.begin(), infos.end(),
            [](const TensorInfo &a, const TensorInfo &b) {
              if (a.offset != b.offset)
                return a.offset < b.offset;
              return a.bytes != b.bytes ? a.bytes < b.bytes : a.name < b.name;
            });
  uint64_t end = 0;
  for (TensorInfo &info : infos) {
    if (info.offset != end)
      return badFile("safetensors-offsets",
                     "tensor " + quoteName(info.name) +
                         " expects to start at " + std::to_string(end) +
                         " of the data, got " + std::to_string(info.offset),
                     file, start + end);
    // Both are below 2^63, so the sum does not wrap.
    end += info.bytes;
    if (end > fileSize)
      break;
    info.offset += start;
  }
  if (end != fileSize - start)
    return badFile("safetensors-size",
                   "the tensors expect " + std::to_string(end) +
                       " bytes of data, the file has " +
                       std::to_string(fileSize - start),
                   file, fileSize);
  return {};
}

Status SafetensorsReader::readHeader() {
  struct stat info;
  if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode))
    return Error{ExitCode::NoInput, "file-open", "not a regular file", file};
  uint64_t size = static_cast<uint64_t>(info.st_size);
  uint64_t length = 0;
  if (size < sizeof(length))
    return badFile("safetensors-truncated",
                   "the file has " + std::to_string(size) +
                       " bytes, fewer than the header's length takes",
                   file, size);
  BCSSL_RETURN_IF_ERROR(
      readAt(0, std::as_writable_bytes(std::span(&length, 1))));
  if (length > maxHeader)
    return badFile("safetensors-header",
                   "the header's length is " + std::to_string(length) +
                       ", at most " + std::to_string(maxHeader) +
                       " are allowed",
                   file, 0);
  if (length > size - sizeof(length))
    return badFile("safetensors-truncated",
                   "the header of " + std::to_string(length) +
                       " bytes is longer than the file",
                   file, size);
  std::string text(length, ' ');
  BCSSL_RETURN_IF_ERROR(
      readAt(sizeof(length), std::as_writable_bytes(std::span(text))));
  auto header = parseSafetensorsHeader(text);
  if (!header)
    return badFile(header.error().id, header.error().message, file,
                   sizeof(length) + header.error().offset.value_or(0));

  infos = std::move(header->tensors);
  texts = std::move(header->metadata);
  BCSSL_RETURN_IF_ERROR(checkCover(infos, sizeof(length) + length, size, file));
  byName.resize(infos.size());
  for (uint32_t i = 0; i < byName.size(); ++i)
    byName[i] = i;
  std::sort(byName.begin(), byName.end(), [&](uint32_t a, uint32_t b) {
    return infos[a].name < infos[b].name;
  });
  auto twice = std::adjacent_find(
      byName.begin(), byName.end(),
      [&](uint32_t a, uint32_t b) { return infos[a].name == infos[b].name; });
  if (twice != byName.end())
    return badFile("safetensors-duplicate",
                   "tensor " + quoteName(infos[*twice].name) + " appears twice",
                   file, sizeof(length));
  return {};
}

Status SafetensorsReader::readAt(uint64_t offset,
                                 std::span<std::byte> out) const {
  constexpr size_t most = size_t{1} << 30;
  while (!out.empty()) {
    ssize_t count = pread(descriptor, out.data(), std::min(out.size(), most),
                          static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return Error{ExitCode::Io, "file-read",
                   std::string("cannot read: ") + std::strerror(errno), file,
                   offset};
    if (count == 0)
      return badFile("safetensors-truncated", "the file ends too early", file,
                     offset);
    offset += static_cast<uint64_t>(count);
    out = out.subspan(static_cast<size_t>(count));
  }
  return {};
}

const TensorInfo *SafetensorsReader::find(std::string_view name) const {
  auto at = std::lower_bound(
      byName.begin(), byName.end(), name,
      [&](uint32_t i, std::string_view n) { return infos[i].name < n; });
  return at != byName.end() && infos[*at].name == name ? &infos[*at] : nullptr;
}

Status SafetensorsReader::read(const TensorInfo &info,
                               std::span<std::byte> out) const {
  if (out.size() != info.bytes)
    return Error{ExitCode::Internal, "safetensors-read",
                 "expects a buffer of " + std::to_string(info.bytes) +
                     " bytes, got " + std::to_string(out.size()),
                 file};
  return readAt(info.offset, out);
}

Result<Digest>
writeSafetensors(const std::string &path, std::vector<TensorSource> tensors,
                 const std::map<std::string, std::string> &metadata) {
  // Widest type first keeps every tensor aligned; then by name.
  std::sort(tensors.begin(), tensors.end(),
            [](const TensorSource &a, const TensorSource &b) {
              return a.type != b.type ? a.type > b.type : a.name < b.name;
            });
  std::vector<TensorInfo> infos;
  uint64_t end = 0;
  for (const TensorSource &tensor : tensors) {
    auto elements = elementCount(tensor.shape);
    uint64_t bytes = 0;
    if (!elements ||
        __builtin_mul_overflow(*elements, typeSize(tensor.type), &bytes))
      return Error{
          ExitCode::Internal, "safetensors-shape",
          "the size of tensor " + quoteName(tensor.name) + " overflows", path};
    if (std::any_of(infos.begin(), infos.end(), [&](const TensorInfo &info) {
          return info.name == tensor.name;
        }))
      return Error{ExitCode::Internal, "safetensors-duplicate",
                   "tensor " + quoteName(tensor.name) + " is given twice",
                   path};
    infos.push_back({tensor.name, tensor.type, tensor.shape, end, bytes});
    end += bytes;
  }

  std::string header = formatSafetensorsHeader(infos, metadata);
  uint64_t length = header.size();
  auto file = AtomicFile::create(path, sizeof(length) + length + end);
  if (!file)
    return file.error();
  DigestStream digest;
  auto put = [&](std::span<const std::byte> bytes) {
    digest.add(bytes);
    return file->write(bytes);
  };
  BCSSL_RETURN_IF_ERROR(put(std::as_bytes(std::span(&length, 1))));
  BCSSL_RETURN_IF_ERROR(put(std::as_bytes(std::span(header))));
  std::vector<std::byte> buffer;
  for (size_t i = 0; i < tensors.size(); ++i) {
    buffer.resize(infos[i].bytes);
    BCSSL_RETURN_IF_ERROR(tensors[i].fill(buffer));
    BCSSL_RETURN_IF_ERROR(put(buffer));
  }
  BCSSL_RETURN_IF_ERROR(file->commit());
  return digest.value();
}

} // namespace bcssl
