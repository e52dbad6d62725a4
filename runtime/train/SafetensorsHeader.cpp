//===- SafetensorsHeader.cpp - the JSON header ----------------------------===//
//
// Parsed with a streaming reader: a document tree would keep the last of two
// equal keys silently and take several times the memory.
//
//===----------------------------------------------------------------------===//

#include "runtime/train/SafetensorsHeader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace bcssl {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 6> typeNames = {"U8",  "BF16", "I32",
                                                       "F32", "F64",  "I64"};

/// Receives the parser's events. The grammar has four places: outside, the
/// list of tensors, one tensor, and an array inside it; metadata is a second
/// kind of entry.
class Handler : public nlohmann::json_sax<Json> {
public:
  SafetensorsHeader header;
  std::optional<Error> failure;

  bool start_object(size_t) override {
    if (place == Place::Outside)
      return go(Place::List);
    if (place == Place::List)
      return go(entry == "__metadata__" ? Place::Metadata : Place::Tensor);
    return unexpected("an object");
  }

  bool end_object() override {
    if (place == Place::Tensor && !finishTensor())
      return false;
    return go(place == Place::List ? Place::Outside : Place::List);
  }

  bool key(string_t &name) override {
    if (place == Place::List) {
      entry = name;
      info = TensorInfo();
      info.name = name;
      seen = 0;
      if (name == "__metadata__" && std::exchange(hasMetadata, true))
        return fail("safetensors-duplicate", "two entries __metadata__");
      return true;
    }
    if (place == Place::Metadata) {
      field = name;
      if (header.metadata.contains(field))
        return fail("safetensors-duplicate",
                    "metadata key " + quoteName(field) + " appears twice");
      return true;
    }
    unsigned bit = name == "dtype"          ? HasType
                   : name == "shape"        ? HasShape
                   : name == "data_offsets" ? HasOffsets
                                            : 0u;
    if (!bit)
      return fail("safetensors-header", "tensor " + quoteName(entry) +
                                            " has an unknown field " +
                                            quoteName(name));
    if (seen & bit)
      return fail("safetensors-duplicate", "tensor " + quoteName(entry) +
                                               " has two fields " +
                                               quoteName(name));
    seen |= bit;
    current = bit;
    return true;
  }

  bool string(string_t &text) override {
    if (place == Place::Metadata) {
      header.metadata.emplace(field, text);
      return true;
    }
    if (place != Place::Tensor || current != HasType)
      return unexpected("a string");
    auto at = std::find(typeNames.begin(), typeNames.end(), text);
    if (at == typeNames.end())
      return fail("safetensors-type",
                  "tensor " + quoteName(entry) + " has the type " +
                      quoteName(text) +
                      ", expects one of U8, BF16, I32, F32, F64, I64");
    info.type = static_cast<TensorType>(at - typeNames.begin());
    return true;
  }

  bool start_array(size_t) override {
    if (place != Place::Tensor || current == HasType)
      return unexpected("an array");
    return go(Place::Array);
  }
  bool end_array() override { return go(Place::Tensor); }

  bool number_unsigned(number_unsigned_t number) override {
    if (place != Place::Array)
      return unexpected("a number");
    if (current == HasOffsets) {
      if (offsets == 2)
        return fail("safetensors-offsets", "tensor " + quoteName(entry) +
                                               " has more than two offsets");
      (offsets++ ? last : first) = number;
      return true;
    }
    if (info.shape.size() == SafetensorsReader::maxRank)
      return fail("safetensors-shape",
                  "tensor " + quoteName(entry) + " has more than " +
                      std::to_string(SafetensorsReader::maxRank) +
                      " dimensions");
    if (number > uint64_t{std::numeric_limits<int64_t>::max()})
      return fail("safetensors-shape", "a dimension of tensor " +
                                           quoteName(entry) + " is too large");
    info.shape.push_back(static_cast<int64_t>(number));
    return true;
  }
  bool number_integer(number_integer_t) override {
    return fail("safetensors-shape",
                "tensor " + quoteName(entry) + " has a negative number");
  }

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a boolean"); }
  bool number_float(number_float_t, const string_t &) override {
    return unexpected("a fraction");
  }
  bool binary(binary_t &) override { return unexpected("binary data"); }

  bool parse_error(size_t position, const std::string &,
                   const nlohmann::detail::exception &) override {
    if (!failure) {
      fail("safetensors-header", "the header is not valid JSON");
      failure->offset = position ? position - 1 : 0;
    }
    return false;
  }

private:
  enum class Place { Outside, List, Tensor, Metadata, Array };
  enum : unsigned { HasType = 1, HasShape = 2, HasOffsets = 4, HasAll = 7 };

  bool go(Place next) {
    place = next;
    return true;
  }

  bool fail(std::string id, std::string message) {
    failure = Error{ExitCode::BadData, std::move(id), std::move(message)};
    return false;
  }

  bool unexpected(std::string_view what) {
    return fail("safetensors-header", "the header has " + std::string(what) +
                                          " where none belongs, near entry " +
                                          quoteName(entry));
  }

  bool finishTensor() {
    if (seen != HasAll)
      return fail("safetensors-header", "tensor " + quoteName(entry) +
                                            " needs dtype, shape and "
                                            "data_offsets");
    if (std::exchange(offsets, 0) != 2 || first > last)
      return fail("safetensors-offsets",
                  "tensor " + quoteName(entry) + " expects two rising offsets");
    auto elements = elementCount(info.shape);
    uint64_t size = typeSize(info.type);
    if (!elements || *elements > std::numeric_limits<int64_t>::max() / size)
      return fail("safetensors-shape",
                  "the size of tensor " + quoteName(entry) + " overflows");
    if (*elements * size != last - first)
      return fail("safetensors-offsets",
                  "tensor " + quoteName(entry) + " expects " +
                      std::to_string(*elements * size) + " bytes, got " +
                      std::to_string(last - first));
    info.offset = first;
    info.bytes = last - first;
    header.tensors.push_back(std::move(info));
    return true;
  }

  Place place = Place::Outside;
  std::string entry;
  std::string field;
  TensorInfo info;
  unsigned seen = 0;
  unsigned current = 0;
  int offsets = 0;
  uint64_t first = 0;
  uint64_t last = 0;
  bool hasMetadata = false;
};

/// JSON text of a string, escaped as the reference escapes it.
std::string jsonText(const std::string &text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace

std::string_view typeName(TensorType type) {
  return typeNames[static_cast<size_t>(type)];
}

Result<SafetensorsHeader> parseSafetensorsHeader(std::string_view text) {
  // The reference asks for `{` as the first byte; JSON alone would allow
  // blanks, so that two readers could disagree about the format.
  if (text.empty() || text.front() != '{')
    return Error{ExitCode::BadData, "safetensors-header",
                 "the header does not start with '{'", "", 0};
  Handler handler;
  if (!Json::sax_parse(text.begin(), text.end(), &handler))
    return handler.failure.value_or(
        Error{ExitCode::BadData, "safetensors-header", "malformed header"});
  return std::move(handler.header);
}

std::string
formatSafetensorsHeader(std::span<const TensorInfo> tensors,
                        const std::map<std::string, std::string> &metadata) {
  std::string text = "{";
  if (!metadata.empty()) {
    text += "\"__metadata__\":{";
    for (const auto &[key, value] : metadata)
      text += jsonText(key) + ":" + jsonText(value) + ",";
    text.back() = '}';
    text += ',';
  }
  for (const TensorInfo &info : tensors) {
    text += jsonText(info.name) + ":{\"dtype\":\"";
    text += typeName(info.type);
    text += "\",\"shape\":[";
    for (size_t i = 0; i < info.shape.size(); ++i)
      text += (i ? "," : "") + std::to_string(info.shape[i]);
    text += "],\"data_offsets\":[" + std::to_string(info.offset) + "," +
            std::to_string(info.offset + info.bytes) + "]},";
  }
  if (text.size() > 1)
    text.pop_back();
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

} // namespace bcssl
