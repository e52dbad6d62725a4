//===- RunReport.cpp - what a run tells about itself ----------------------===//

#include "runtime/train/RunReport.h"

#include <algorithm>
#include <cmath>

namespace bcssl {

/// Rows of a sheet of crops.
static constexpr int64_t mostImages = 8;

void OutputMeans::add(std::span<const StepOutput> outputs) {
  if (steps == 0) {
    names.assign(outputs.begin(), outputs.end());
    sums.assign(outputs.size(), 0);
  }
  for (size_t i = 0; i < sums.size(); ++i)
    sums[i] += outputs[i].value;
  ++steps;
}

void OutputMeans::clear() { steps = 0; }

double OutputMeans::of(std::string_view name) const {
  for (size_t i = 0; i < sums.size(); ++i)
    if (names[i].name == name)
      return sums[i] / static_cast<double>(steps);
  return std::nan("");
}

std::vector<LogField> OutputMeans::others() const {
  std::vector<LogField> fields;
  for (const StepOutput &output : names)
    if (output.name != "loss")
      fields.push_back({output.name, of(output.name)});
  return fields;
}

TeacherSigns teacherSigns(std::span<const StepOutput> outputs) {
  TeacherSigns signs;
  for (const StepOutput &output : outputs) {
    if (output.name == "teacher_entropy")
      signs.entropy = output.value;
    else if (output.name == "teacher_kl")
      signs.divergence = output.value;
    else if (output.name == "center_norm")
      signs.centerNorm = output.value;
  }
  return signs;
}

Canvas cropSheet(const Batch &batch, const AugmentOptions &augment,
                 int64_t images) {
  std::vector<SheetRow> rows;
  for (int64_t b = 0; b < std::min(images, mostImages); ++b) {
    SheetRow row;
    for (int crop = 0; crop < augment.crops(); ++crop) {
      bool global = augment.isGlobal(crop);
      int64_t view = global ? crop : crop - augment.globalCrops;
      size_t elements = augment.cropElements(crop);
      size_t at = static_cast<size_t>(view * images + b) * elements;
      std::span<const float> values = global ? batch.globals : batch.locals;
      std::span<const uint8_t> bytes =
          global ? batch.globalBytes : batch.localBytes;
      std::vector<uint8_t> pixels;
      if (bytes.empty())
        pixels = cropPixels(values.subspan(at, elements), augment.channels,
                            augment.mean, augment.deviation);
      else
        pixels.assign(bytes.begin() + at, bytes.begin() + at + elements);
      int size = augment.size(crop);
      row.cells.push_back({size, size, augment.channels, std::move(pixels),
                           global ? "global" : "local"});
    }
    rows.push_back(std::move(row));
  }
  return drawSheet(rows);
}

} // namespace bcssl
