//===- OpsNeural.cpp - convolutions, normalisation and losses -------------===//

#include "frontend/OpsInternal.h"

namespace bcssl::frontend {

Tensor depthwiseConv2d(Tensor input, Tensor filter, Where where) {
  const char *op = "depthwise_conv2d";
  expectRank(where, op, "a feature map", input, 4);
  expectRank(where, op, "a filter", filter, 3);
  if (filter.size(0) % 2 == 0 || filter.size(1) % 2 == 0)
    fail(where, op, " expects an odd kernel size, got ", filter.size(0), "x",
         filter.size(1));
  if (filter.size(2) != input.size(3))
    fail(where, op, " expects one filter per channel, got ", filter.size(2),
         " filters for ", input.size(3), " channels");
  return recordOp("bcssl.depthwise_conv2d", {input, filter}, input.type(),
                  where);
}

Tensor patchifyConv2d(Tensor input, Tensor filter, std::optional<Tensor> bias,
                      Where where) {
  const char *op = "patchify_conv2d";
  expectRank(where, op, "a feature map", input, 4);
  expectRank(where, op, "a filter", filter, 4);
  int64_t patch = filter.size(1);
  if (filter.size(2) != patch)
    fail(where, op, " expects a square kernel, got ", patch, "x",
         filter.size(2));
  if (filter.size(3) != input.size(3))
    fail(where, op, " expects ", filter.size(3), " channels, got ",
         toString(input.type()));
  if (input.size(1) % patch != 0 || input.size(2) % patch != 0)
    fail(where, op, " expects height and width to be multiples of ", patch,
         ", got ", toString(input.type()));
  std::vector<Tensor> operands{input, filter};
  if (bias) {
    expectShape(where, op, "a bias", *bias, {filter.size(0)});
    operands.push_back(*bias);
  }
  return recordOp("bcssl.patchify_conv2d", operands,
                  {{input.size(0), input.size(1) / patch, input.size(2) / patch,
                    filter.size(0)},
                   input.type().element},
                  where);
}

Tensor linear(Tensor input, Tensor weight, std::optional<Tensor> bias,
              Where where) {
  const char *op = "linear";
  expectRank(where, op, "a weight", weight, 2);
  if (input.rank() == 0 || input.size(-1) != weight.size(1))
    fail(where, op, " expects ", weight.size(1), " features, got ",
         toString(input.type()));
  TensorType type = input.type();
  type.shape.back() = weight.size(0);
  std::vector<Tensor> operands{input, weight};
  if (bias) {
    expectShape(where, op, "a bias", *bias, {weight.size(0)});
    operands.push_back(*bias);
  }
  return recordOp("bcssl.linear", operands, type, where);
}

ChannelStatistics channelStatistics(Tensor input, Tensor shift, Where where) {
  if (input.rank() < 2)
    fail(where, "channel_statistics expects rows of channels, got ",
         toString(input.type()));
  expectShape(where, "channel_statistics", "a shift", shift, {input.size(-1)});
  expectOneElementType(where, "channel_statistics", {input, shift});
  Node node;
  node.op = "bcssl.channel_statistics";
  node.where = where;
  std::vector<Tensor> results = input.program().record(
      node, {input, shift},
      {{{}, shift.type().element}, shift.type(), shift.type()});
  return {results[0], results[1], results[2]};
}

BatchMoments batchMoments(const ChannelStatistics &statistics, Tensor shift,
                          Where where) {
  expectShape(where, "batch_moments", "a shift", shift, statistics.sum.shape());
  Node node;
  node.op = "bcssl.batch_moments";
  node.where = where;
  std::vector<Tensor> results = shift.program().record(
      node, {statistics.count, statistics.sum, statistics.squareSum, shift},
      {shift.type(), shift.type()});
  return {results[0], results[1]};
}

Tensor batchNorm(Tensor input, const BatchMoments &moments, Tensor scale,
                 Tensor offset, double epsilon, Where where) {
  const char *op = "batch_norm";
  if (input.rank() < 2)
    fail(where, op, " expects rows of channels, got ", toString(input.type()));
  for (Tensor vector : {moments.mean, moments.variance, scale, offset})
    if (vector.shape() != Shape{input.size(-1)})
      fail(where, op, " expects ", vector.size(0), " channels, got ",
           toString(input.type()));
  return recordOp("bcssl.batch_norm",
                  {input, moments.mean, moments.variance, scale, offset},
                  input.type(), where, {{"epsilon", epsilon}});
}

Tensor runningAverage(Tensor average, Tensor value, double momentum,
                      Where where) {
  expectShape(where, "running_average", "a value", value, average.shape());
  return recordOp("bcssl.running_average", {average, value}, average.type(),
                  where, {{"momentum", momentum}, {"correction", 1.0}});
}

Tensor layerNorm(Tensor input, Tensor scale, Tensor offset, double epsilon,
                 Where where) {
  for (Tensor vector : {scale, offset})
    if (input.rank() == 0 || vector.shape() != Shape{input.size(-1)})
      fail(where, "layer_norm expects ", vector.size(0), " channels, got ",
           toString(input.type()));
  return recordOp("bcssl.layer_norm", {input, scale, offset}, input.type(),
                  where, {{"epsilon", epsilon}});
}

Tensor l2Normalize(Tensor input, double epsilon, Where where) {
  if (input.rank() == 0)
    fail(where, "l2_normalize expects rows, got a scalar");
  return recordOp("bcssl.l2_normalize", {input}, input.type(), where,
                  {{"epsilon", epsilon}});
}

Tensor weightNorm(Tensor direction, Tensor gain, Where where) {
  expectRank(where, "weight_norm", "a direction", direction, 2);
  expectShape(where, "weight_norm", "a gain", gain, {direction.size(0), 1});
  return recordOp("bcssl.weight_norm", {direction, gain}, direction.type(),
                  where);
}

Tensor softmax(Tensor input, Where where) {
  if (input.rank() == 0)
    fail(where, "softmax expects rows, got a scalar");
  return recordOp("bcssl.softmax", {input}, input.type(), where);
}

Tensor logSoftmax(Tensor input, Where where) {
  if (input.rank() == 0)
    fail(where, "log_softmax expects rows, got a scalar");
  return recordOp("bcssl.log_softmax", {input}, input.type(), where);
}

Tensor sinkhorn(Tensor input, int64_t iterations, Where where) {
  expectRank(where, "sinkhorn", "logits", input, 2);
  if (iterations < 1)
    fail(where, "sinkhorn expects at least one iteration, got ", iterations);
  return recordOp("bcssl.sinkhorn", {input}, input.type(), where,
                  {{"iterations", iterations}});
}

Tensor crossViewCrossEntropy(Tensor logits, Tensor probabilities, int64_t views,
                             int64_t teacherViews, Where where) {
  const char *op = "cross_view_cross_entropy";
  expectRank(where, op, "logits", logits, 2);
  if (teacherViews < 1 || views < 2 || teacherViews > views)
    fail(where, op, " expects at least two views and one teacher view, got ",
         views, " and ", teacherViews);
  if (logits.size(0) % views != 0)
    fail(where, op, " expects rows to be a multiple of ", views, " views, got ",
         toString(logits.type()));
  expectShape(where, op, "probabilities", probabilities,
              {logits.size(0) / views * teacherViews, logits.size(1)});
  return recordOp("bcssl.cross_view_cross_entropy", {logits, probabilities},
                  {{}, logits.type().element}, where,
                  {{"views", views}, {"teacher_views", teacherViews}});
}

Tensor crossEntropy(Tensor logits, Tensor labels, double smoothing,
                    Where where) {
  const char *op = "cross_entropy";
  expectRank(where, op, "logits", logits, 2);
  expectShape(where, op, "labels", labels, {logits.size(0)});
  if (labels.type().element != ElementType::I32)
    fail(where, op, " expects labels of i32, got ", toString(labels.type()));
  if (!(smoothing >= 0.0 && smoothing < 1.0))
    fail(where, op, " expects a smoothing in [0, 1), got ", smoothing);
  return logits.program().record("bcssl.cross_entropy", {logits, labels},
                                 {{}, logits.type().element},
                                 {{"smoothing", smoothing}}, where);
}

std::vector<Tensor> gradients(Tensor loss, const std::vector<Tensor> &values,
                              Where where) {
  expectRank(where, "gradient", "a loss", loss, 0);
  if (values.empty())
    fail(where, "gradient expects at least one value, got none");
  Node node;
  node.op = "bcssl.gradient";
  node.where = where;
  std::vector<Tensor> operands{loss};
  std::vector<TensorType> types;
  for (Tensor value : values) {
    operands.push_back(value);
    types.push_back(value.type());
  }
  return loss.program().record(std::move(node), operands, std::move(types));
}

Tensor clipByNorm(Tensor input, double maxNorm, Where where) {
  if (!(maxNorm > 0.0))
    fail(where, "clip_by_norm expects a positive norm, got ", maxNorm);
  return recordOp("bcssl.clip_by_norm", {input}, input.type(), where,
                  {{"max_norm", maxNorm}});
}

Tensor ema(Tensor average, Tensor value, Tensor momentum, Where where) {
  expectShape(where, "ema", "a value", value, average.shape());
  expectRank(where, "ema", "a momentum", momentum, 0);
  return recordOp("bcssl.ema", {average, value, momentum}, average.type(),
                  where);
}

} // namespace bcssl::frontend
