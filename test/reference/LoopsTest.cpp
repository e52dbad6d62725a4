//===- LoopsTest.cpp - the oracle against numbers worked out by hand ------===//

#include "test/reference/Loops.h"

#include "runtime/base/Philox.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace bcssl::reference;

namespace {

void expectValues(const Tensor &tensor, const Shape &shape,
                  const std::vector<double> &values) {
  ASSERT_EQ(tensor.shape, shape);
  for (int64_t i = 0; i < tensor.size(); ++i)
    EXPECT_NEAR(tensor[i], values[size_t(i)], 1e-14) << "element " << i;
}

// 1 2    under    1 2 3
// 3 4             4 5 6
//                 7 8 9
const Tensor map2x2({1, 2, 2, 1}, {1, 2, 3, 4});
const Tensor filter3x3({3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
const Tensor firstPixel({1, 2, 2, 1}, {1, 0, 0, 0});

} // namespace

TEST(ConvLoops, DepthwiseDropsTapsOutsideTheMap) {
  expectValues(depthwiseConv2d(map2x2, filter3x3), {1, 2, 2, 1},
               {77, 67, 47, 37});
}

TEST(ConvLoops, DepthwiseKeepsChannelsApart) {
  Tensor input({1, 1, 1, 2}, {2, 3}), filter({1, 1, 2}, {5, 7});
  expectValues(depthwiseConv2d(input, filter), {1, 1, 1, 2}, {10, 21});
}

TEST(ConvLoops, DepthwiseGradientsOfTheFirstPixel) {
  expectValues(depthwiseConv2dInputGrad(firstPixel, filter3x3), {1, 2, 2, 1},
               {5, 6, 8, 9});
  expectValues(depthwiseConv2dFilterGrad(map2x2, firstPixel, 3, 3), {3, 3, 1},
               {0, 0, 0, 0, 1, 2, 0, 3, 4});
}

TEST(ConvLoops, Patchify) {
  Tensor filter({2, 2, 2, 1}, {1, 1, 1, 1, 1, 0, 0, -1});
  Tensor bias({2}, {10, 20});
  expectValues(patchifyConv2d(map2x2, filter, &bias), {1, 1, 1, 2}, {20, 17});
  expectValues(patchifyConv2d(map2x2, filter, nullptr), {1, 1, 1, 2}, {10, -3});
}

TEST(ConvLoops, SpaceToDepthAndBack) {
  Tensor input({1, 2, 4, 1}, {0, 1, 2, 3, 4, 5, 6, 7});
  Tensor deep = spaceToDepth(input, 2);
  expectValues(deep, {1, 1, 2, 4}, {0, 1, 4, 5, 2, 3, 6, 7});
  expectValues(depthToSpace(deep, 2), input.shape, input.values);
}

TEST(ContractLoops, Forms) {
  Tensor lhs({2, 2}, {1, 2, 3, 4}), rhs({2, 2}, {5, 6, 7, 8});
  expectValues(contractNT(lhs, rhs), {2, 2}, {17, 23, 39, 53});
  expectValues(contractNN(lhs, rhs), {2, 2}, {19, 22, 43, 50});
  expectValues(contractTN(lhs, rhs), {2, 2}, {26, 30, 38, 44});
}

TEST(ContractLoops, Linear) {
  Tensor input({1, 1, 2}, {1, 2}), weight({1, 2}, {3, 4}), bias({1}, 100);
  expectValues(linear(input, weight, &bias), {1, 1, 1}, {111});
}

TEST(ContractLoops, Pack) {
  Tensor rhs({2, 3}, {1, 2, 3, 4, 5, 6}), rhsT({3, 2}, {1, 4, 2, 5, 3, 6});
  std::vector<double> panels{1, 2, 4, 5, 3, 0, 6, 0};
  expectValues(packNN(rhs, 2), {2, 2, 2}, panels);
  expectValues(packNT(rhsT, 2), {2, 2, 2}, panels);
  Tensor lhs({1, 2}, {1, 10});
  expectValues(packedContract(lhs, packNN(rhs, 2), 3), {1, 3}, {41, 52, 63});
}

TEST(NormLoops, Batch) {
  Tensor input({2, 2}, {1, 2, 3, 6}), shift({2}, {1, 0});
  ChannelStatistics s = channelStatistics(input, shift);
  expectValues(s.count, {}, {2});
  expectValues(s.sum, {2}, {2, 8});
  expectValues(s.squareSum, {2}, {4, 40});
  BatchMoments m = batchMoments(s.count, s.sum, s.squareSum, shift);
  expectValues(m.mean, {2}, {2, 4});
  expectValues(m.variance, {2}, {1, 4});
  Tensor scale({2}, {2, 1}), offset({2}, {0, 1});
  expectValues(batchNorm(input, m.mean, m.variance, scale, offset, 0), {2, 2},
               {-2, 0, 2, 2});
  expectValues(batchNorm(input, m.mean, m.variance, scale, offset, 3), {2, 2},
               {-1, 1 - 2 / std::sqrt(7), 1, 1 + 2 / std::sqrt(7)});
}

TEST(NormLoops, Layer) {
  Tensor input({1, 2}, {1, 3}), scale({2}, {1, 4}), offset({2}, {0, 10});
  expectValues(layerNorm(input, scale, offset, 0), {1, 2}, {-1, 14});
  expectValues(layerNorm(input, scale, offset, 3), {1, 2}, {-0.5, 12});
}

TEST(NormLoops, Rows) {
  Tensor input({2, 2}, {3, 4, 0, 0});
  expectValues(l2Normalize(input, 1e-12), {2, 2}, {0.6, 0.8, 0, 0});
  expectValues(l2Normalize(input, 10), {2, 2}, {0.3, 0.4, 0, 0});
  Tensor direction({1, 2}, {3, 4}), gain({1, 1}, 10);
  expectValues(weightNorm(direction, gain), {1, 2}, {6, 8});
}

TEST(NormLoops, RunningAverage) {
  expectValues(runningAverage(Tensor({1}, 1), Tensor({1}, 2), 0.1, 1.5), {1},
               {1.2});
}

TEST(PointwiseLoops, Activations) {
  // The normal distribution at 1 is 0.84134..., its density 0.24197...
  Tensor input({2}, {1, -1}), grad({2}, {1, 2});
  expectValues(gelu(input), {2}, {0.8413447460685429, -0.15865525393145705});
  expectValues(geluGrad(input, grad), {2},
               {1.0833154705876863, -0.16663094117537251});
  Tensor kink({3}, {-1, 0, 2});
  expectValues(relu(kink), {3}, {0, 0, 2});
  expectValues(reluGrad(kink, Tensor({3}, 5)), {3}, {0, 0, 5});
}

TEST(PointwiseLoops, ScaleDropAndPool) {
  Tensor input({2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  expectValues(layerScale(input, Tensor({2}, {1, 10})), input.shape,
               {1, 20, 3, 40, 5, 60, 7, 80});
  expectValues(dropPath(input, Tensor({2}, {0.5, 0.49}), 0.5), input.shape,
               {2, 4, 6, 8, 0, 0, 0, 0});
  expectValues(globalAveragePool(input), {2, 2}, {2, 3, 6, 7});
}

TEST(PointwiseLoops, RandomUniform) {
  // The first block is the published answer for counter 0 and key 0.
  Tensor zero = randomUniform(Tensor({4}), 0, 5);
  EXPECT_EQ(zero[0], double(0x6627e8) / (1 << 24));
  EXPECT_EQ(zero[3], double(0x9b00db) / (1 << 24));
  EXPECT_EQ(zero[4], double(bcssl::philox4x32({1, 0, 0, 0}, {0, 0})[0] >> 8) /
                         (1 << 24));
  Tensor state({4}, {-1, 2, 3, 4});
  EXPECT_EQ(randomUniform(state, 9, 1)[0],
            double(bcssl::philox4x32({0, 3, 4, 9}, {0xffffffff, 2})[0] >> 8) /
                (1 << 24));
}

TEST(MovementLoops, BroadcastAndReduce) {
  Tensor vector({2}, {1, 2});
  expectValues(broadcast(vector, {1}, {2, 2}), {2, 2}, {1, 2, 1, 2});
  expectValues(broadcast(vector, {0}, {2, 2}), {2, 2}, {1, 1, 2, 2});
  expectValues(broadcast(Tensor({}, 3), {}, {1, 2}), {1, 2}, {3, 3});
  Tensor cube({2, 2, 2}, {1, 2, 3, 4, -5, -6, -7, -8});
  expectValues(reduceSum(cube, {0, 1}), {2}, {-8, -8});
  expectValues(reduceSum(cube, {1}), {2, 2}, {4, 6, -12, -14});
  expectValues(reduceMax(cube, {1, 2}), {2}, {4, -5});
  expectValues(reducePartial(Tensor({3, 2}, {1, 2, 3, 4, 5, 6}), 2), {2, 2},
               {4, 6, 5, 6});
}

TEST(MovementLoops, FirstDimension) {
  Tensor a({1, 2}, {1, 2}), b({2, 2}, {3, 4, 5, 6});
  expectValues(concat({a, b}), {3, 2}, {1, 2, 3, 4, 5, 6});
  expectValues(slice(b, 1, 1), {1, 2}, {5, 6});
  expectValues(pad(a, 1, 3), {3, 2}, {0, 0, 1, 2, 0, 0});
}

TEST(LossLoops, Softmax) {
  double log3 = std::log(3);
  Tensor input({2, 2}, {0, log3, 1000, 1000});
  expectValues(softmax(input), {2, 2}, {0.25, 0.75, 0.5, 0.5});
  expectValues(logSoftmax(input), {2, 2},
               {std::log(0.25), std::log(0.75), std::log(0.5), std::log(0.5)});
  // exp gives 1 1 / 1 3; the columns' sums are 2 and 4.
  expectValues(sinkhorn(Tensor({2, 2}, {0, 0, 0, log3}), 1), {2, 2},
               {2. / 3, 1. / 3, 0.4, 0.6});
}

TEST(LossLoops, CrossView) {
  Tensor probabilities({2, 2}, {1, 0, 0.5, 0.5});
  expectValues(crossViewTargets(probabilities, 3, 2), {3, 2},
               {0.5, 0.5, 1, 0, 1.5, 0.5});
  Tensor logits({3, 2}, {0, std::log(3), 0, 0, std::log(3), 0});
  double mixed = (std::log(0.25) + std::log(0.75)) / 2;
  expectValues(crossViewCrossEntropy(logits, probabilities, 3, 2), {},
               {-(std::log(0.5) + std::log(0.75) + mixed + mixed) / 4});
}

TEST(LossLoops, Labels) {
  expectValues(oneHot(Tensor({2}, {2, 0}), 3), {2, 3}, {0, 0, 1, 1, 0, 0});
  Tensor logits({1, 2}, {0, std::log(3)});
  expectValues(crossEntropy(logits, Tensor({1}, 1), 0.2), {},
               {-(0.1 * std::log(0.25) + 0.9 * std::log(0.75))});
}

TEST(UpdateLoops, AdamW) {
  AdamW state{Tensor({1}, 1), Tensor({1}), Tensor({1})};
  Tensor grad({1}, 2);
  AdamW next = adamw(state, grad, 1, 0.1, 0.5, true, 0.9, 0.99, 2);
  expectValues(next.param, {1}, {0.95 - 0.1 * 2 / (2 + 2)});
  expectValues(next.moment1, {1}, {0.2});
  expectValues(next.moment2, {1}, {0.04});
  // At the second count the corrections are 1 - 0.81 and 1 - 0.9801.
  next = adamw(state, grad, 2, 0.1, 0, true, 0.9, 0.99, 0);
  expectValues(next.param, {1},
               {1 - 0.1 * (0.2 / 0.19) / std::sqrt(0.04 / 0.0199)});
  next = adamw(state, grad, 1, 0.1, 0.5, false, 0.9, 0.99, 2);
  expectValues(next.param, {1}, {1});
  expectValues(next.moment1, {1}, {0});
}

TEST(UpdateLoops, MomentumAndAverages) {
  Momentum next =
      sgd({Tensor({1}, 1), Tensor({1}, 4)}, Tensor({1}, 2), 0.1, 0.5, 0.5);
  expectValues(next.velocity, {1}, {4.5});
  expectValues(next.param, {1}, {0.55});
  // g + p = (0, 2) has norm 2, p has norm 5: the rate is 0.2 * 5 / 2.
  Momentum matrix{Tensor({1, 2}, {3, 4}), Tensor({1, 2}, 1)};
  next = lars(matrix, Tensor({1, 2}, {-3, -2}), 0.1, 1, 0.5, 0.2);
  expectValues(next.velocity, {1, 2}, {0.5, 1.5});
  expectValues(next.param, {1, 2}, {2.95, 3.85});
  Momentum vector{Tensor({1}, 3), Tensor({1}, 1)};
  next = lars(vector, Tensor({1}, 2), 0.1, 1, 0.5, 0.2);
  expectValues(next.velocity, {1}, {2.5});
  expectValues(ema(Tensor({1}, 1), Tensor({1}, 3), 0.9), {1}, {1.2});
  Tensor input({2}, {3, 4});
  expectValues(clipByNorm(input, 6), {2}, {3, 4});
  expectValues(clipByNorm(input, 1), {2}, {3 / 5.000001, 4 / 5.000001});
}
