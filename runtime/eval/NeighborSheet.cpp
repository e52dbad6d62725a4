//===- NeighborSheet.cpp - queries and their neighbours to look at --------===//

#include "runtime/eval/NeighborSheet.h"

#include "runtime/report/Png.h"
#include "runtime/report/Sheet.h"

#include <algorithm>
#include <cstdio>

namespace bcssl {

namespace {

std::string className(const Dataset &data, int64_t label) {
  const std::vector<std::string> &names = data.classes();
  if (label < static_cast<int64_t>(names.size()))
    return names[label];
  return "class " + std::to_string(label);
}

Result<SheetCell> cellOf(const Sample &sample, int64_t position) {
  int64_t index = sample.indices[position];
  BCSSL_ASSIGN_OR_RETURN(image, sample.data->image(index));
  SheetCell cell;
  cell.width = image.width;
  cell.height = image.height;
  cell.channels = image.channels;
  cell.pixels = std::move(image.pixels);
  cell.caption = className(*sample.data, sample.data->label(index));
  return cell;
}

} // namespace

Status writeNeighborSheet(const std::string &path, const Sample &bank,
                          LabelledFeatures bankFeatures, const Sample &queries,
                          LabelledFeatures queryFeatures,
                          const KnnOptions &options, int64_t rows,
                          int64_t count) {
  rows = std::min(rows, queries.size());
  Sample chosen{.data = queries.data, .classes = queries.classes};
  Features features(rows, queryFeatures.features.columns);
  for (int64_t row = 0; row < rows; ++row) {
    int64_t position = row * queries.size() / rows;
    chosen.indices.push_back(queries.indices[position]);
    std::ranges::copy(queryFeatures.features.row(position),
                      features.row(row).begin());
  }
  normalizeRows(features, options.threads);
  normalizeRows(bankFeatures.features, options.threads);
  Neighbors neighbors =
      findNeighbors(bankFeatures.features, features, count, options);

  std::vector<SheetRow> sheet;
  for (int64_t row = 0; row < rows; ++row) {
    SheetRow line;
    if (row == 0)
      line.title = "Query and nearest training images; green: same class";
    BCSSL_ASSIGN_OR_RETURN(query, cellOf(chosen, row));
    int32_t truth = chosen.label(row);
    line.cells.push_back(std::move(query));
    for (int64_t i = 0; i < neighbors.count; ++i) {
      int64_t position = neighbors.indices[row * neighbors.count + i];
      BCSSL_ASSIGN_OR_RETURN(cell, cellOf(bank, position));
      char similarity[16];
      std::snprintf(similarity, sizeof(similarity), "%.2f",
                    neighbors.similarities[row * neighbors.count + i]);
      cell.caption = similarity;
      cell.frame =
          bankFeatures.labels[position] == truth ? frameRight : frameWrong;
      line.cells.push_back(std::move(cell));
    }
    sheet.push_back(std::move(line));
  }
  return writePng(path, drawSheet(sheet));
}

} // namespace bcssl
