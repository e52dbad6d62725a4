//===- Programs.cpp - programs of convolutions and matrix products --------===//

#include "test/reference/Programs.h"

namespace bcssl::reference {

Program
makeProgram(std::string name,
            const std::vector<std::pair<std::string, std::string>> &types,
            const std::string &function) {
  std::string text;
  for (const auto &[alias, shape] : types)
    text += "!" + alias + " = tensor<" + shape +
            (shape.empty() ? "f64>\n" : "xf64>\n");
  return {std::move(name), text + "func.func @f" + function};
}

std::vector<Program> convPrograms() {
  std::vector<Program> programs;
  auto depthwise = [&](const char *name, const char *map, const char *filter) {
    programs.push_back(makeProgram(name, {{"x", map}, {"k", filter}}, R"(
      (%x: !x, %k: !k) -> !x {
        %y = bcssl.depthwise_conv2d %x, %k : !x, !k -> !x
        return %y : !x
      })"));
  };
  depthwise("depthwise_3x3", "2x5x4x3", "3x3x3");
  depthwise("depthwise_all_sizes_one", "1x1x1x1", "1x1x1");
  depthwise("depthwise_kernel_one", "2x3x2x5", "1x1x5");
  depthwise("depthwise_row_kernel", "1x4x4x1", "1x3x1");
  depthwise("depthwise_column_kernel", "2x3x2x8", "5x1x8");
  depthwise("depthwise_larger_than_map", "1x2x3x5", "7x5x5");
  depthwise("depthwise_wide_map", "3x1x7x3", "3x9x3");
  depthwise("depthwise_channels_17", "1x6x6x17", "9x9x17");
  depthwise("depthwise_61x61", "1x3x3x2", "61x61x2");

  auto patchify = [&](const char *name, const char *x, const char *filter,
                      const char *bias, const char *y) {
    std::vector<std::pair<std::string, std::string>> types{
        {"x", x}, {"w", filter}, {"b", bias}, {"y", y}};
    programs.push_back(makeProgram(name, types, R"((%x: !x, %w: !w) -> !y {
      %y = bcssl.patchify_conv2d %x, %w : !x, !w -> !y
      return %y : !y
    })"));
    programs.push_back(makeProgram(std::string(name) + "_bias", types, R"(
      (%x: !x, %w: !w, %b: !b) -> !y {
        %y = bcssl.patchify_conv2d %x, %w, %b : !x, !w, !b -> !y
        return %y : !y
      })"));
  };
  patchify("patchify_4", "2x8x4x3", "5x4x4x3", "5", "2x2x1x5");
  patchify("patchify_2", "1x2x6x4", "3x2x2x4", "3", "1x1x3x3");
  patchify("patchify_3_one_channel", "1x3x3x1", "1x3x3x1", "1", "1x1x1x1");
  patchify("patchify_1", "1x2x3x2", "3x1x1x2", "3", "1x2x3x3");

  auto move = [&](const char *name, const char *op, const char *x,
                  const char *y) {
    programs.push_back(makeProgram(name, {{"x", x}, {"y", y}},
                                   std::string("(%x: !x) -> !y {\n  %y = ") +
                                       op +
                                       " : !x -> !y\n  return %y : !y\n}"));
  };
  move("space_to_depth_2", "bcssl.space_to_depth %x block(2)", "2x4x2x3",
       "2x2x1x12");
  move("space_to_depth_3", "bcssl.space_to_depth %x block(3)", "1x3x6x1",
       "1x1x2x9");
  move("space_to_depth_1", "bcssl.space_to_depth %x block(1)", "1x2x3x2",
       "1x2x3x2");
  move("depth_to_space_2", "bcssl.depth_to_space %x block(2)", "2x1x2x12",
       "2x2x4x3");
  move("depth_to_space_3", "bcssl.depth_to_space %x block(3)", "1x1x1x9",
       "1x3x3x1");
  return programs;
}

std::vector<Program> contractPrograms() {
  std::vector<Program> programs;
  auto contract = [&](const char *name, const std::string &form, const char *a,
                      const char *b, const char *y) {
    programs.push_back(makeProgram(name, {{"a", a}, {"b", b}, {"y", y}},
                                   "(%a: !a, %b: !b) -> !y {\n"
                                   "  %y = bcssl.contract " +
                                       form +
                                       " %a, %b : !a, !b -> !y\n"
                                       "  return %y : !y\n}"));
  };
  contract("contract_nt", "nt", "3x5", "4x5", "3x4");
  contract("contract_nt_rank_4", "nt", "2x1x3x5", "2x5", "2x1x3x2");
  contract("contract_nt_one_row", "nt", "5", "3x5", "3");
  contract("contract_nn", "nn", "3x5", "5x4", "3x4");
  contract("contract_nn_rank_3", "nn", "2x3x4", "4x1", "2x3x1");
  contract("contract_tn", "tn", "6x3", "6x4", "3x4");
  contract("contract_tn_rank_4", "tn", "2x1x3x4", "2x1x3x2", "4x2");
  contract("contract_tn_sizes_one", "tn", "1x1", "1x1", "1x1");

  auto linear = [&](const char *name, const char *x, const char *w,
                    const char *b, const char *y) {
    std::vector<std::pair<std::string, std::string>> types{
        {"x", x}, {"w", w}, {"b", b}, {"y", y}};
    programs.push_back(makeProgram(name, types, R"((%x: !x, %w: !w) -> !y {
      %y = bcssl.linear %x, %w : !x, !w -> !y
      return %y : !y
    })"));
    programs.push_back(makeProgram(std::string(name) + "_bias", types, R"(
      (%x: !x, %w: !w, %b: !b) -> !y {
        %y = bcssl.linear %x, %w, %b : !x, !w, !b -> !y
        return %y : !y
      })"));
  };
  linear("linear", "3x5", "4x5", "4", "3x4");
  linear("linear_rank_4", "2x3x1x5", "7x5", "7", "2x3x1x7");
  linear("linear_rank_1", "5", "2x5", "2", "2");
  linear("linear_sizes_one", "1x1", "1x1", "1", "1x1");
  return programs;
}

std::vector<Program> differentiablePrograms() {
  std::vector<Program> all;
  for (auto family : {convPrograms, contractPrograms, normPrograms,
                      pointwisePrograms, lossPrograms, modelPrograms})
    for (Program &program : family())
      all.push_back(std::move(program));
  return all;
}

std::vector<Program> allPrograms() {
  std::vector<Program> all = differentiablePrograms();
  for (Program &program : updatePrograms())
    all.push_back(std::move(program));
  return all;
}

} // namespace bcssl::reference
