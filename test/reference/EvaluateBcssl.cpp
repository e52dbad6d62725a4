//===- EvaluateBcssl.cpp - from operations to their loops -----------------===//

#include "test/reference/Interpreter.h"
#include "test/reference/Loops.h"

#include "dialects/bcssl/Bcssl.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bcssl::reference {

namespace {

using Results = std::vector<Tensor>;

/// Looks up operands by value; an absent optional operand is null.
struct Lookup {
  const Environment &values;

  const Tensor &operator()(Value value) const {
    auto found = values.find(value);
    assert(found != values.end());
    return found->second;
  }
  const Tensor *optional(Value value) const {
    return value ? &(*this)(value) : nullptr;
  }
  double scalar(Value value, double absent = 0) const {
    return value ? (*this)(value)[0] : absent;
  }
};

/// `run` of each of `parts` runs of equal length (the last may be shorter) of
/// the rows of both tensors, on top of each other; rows are what the first
/// `leading` dimensions count.
template <typename Function>
Tensor inParts(int64_t parts, int64_t leading, const Tensor &x, const Tensor &y,
               Function run) {
  if (parts == 1)
    return run(x, y);
  Shape rowShape(x.shape.begin(), x.shape.begin() + leading);
  int64_t rows = elementCount(rowShape);
  int64_t length = (rows + parts - 1) / parts;
  auto slice = [&](const Tensor &whole, int64_t begin, int64_t end) {
    int64_t size = whole.size() / rows;
    Shape shape(whole.shape.begin() + leading, whole.shape.end());
    shape.insert(shape.begin(), end - begin);
    return Tensor(shape, {whole.values.begin() + begin * size,
                          whole.values.begin() + end * size});
  };
  Tensor result;
  for (int64_t part = 0; part < parts; ++part) {
    int64_t begin = part * length, end = std::min(begin + length, rows);
    Tensor sum = run(slice(x, begin, end), slice(y, begin, end));
    if (part == 0) {
      result = Tensor(sum.shape);
      result.shape.insert(result.shape.begin(), parts);
      result.values.clear();
    }
    result.values.insert(result.values.end(), sum.values.begin(),
                         sum.values.end());
  }
  return result;
}

Results evaluateConv(Operation *op, Lookup at) {
  return TypeSwitch<Operation *, Results>(op)
      .Case([&](DepthwiseConv2dOp o) {
        return Results{depthwiseConv2d(at(o.getInput()), at(o.getFilter()))};
      })
      .Case([&](DepthwiseConv2dInputGradOp o) {
        return Results{
            depthwiseConv2dInputGrad(at(o.getOutputGrad()), at(o.getFilter()))};
      })
      .Case([&](DepthwiseConv2dFilterGradOp o) {
        Shape filter = shapeOf(o.getFilterGrad().getType());
        auto run = [&](const Tensor &input, const Tensor &grad) {
          return depthwiseConv2dFilterGrad(input, grad,
                                           filter[filter.size() - 3],
                                           filter[filter.size() - 2]);
        };
        return Results{inParts(int64_t(o.getParts()), 1, at(o.getInput()),
                               at(o.getOutputGrad()), run)};
      })
      .Case([&](PatchifyConv2dOp o) {
        return Results{patchifyConv2d(at(o.getInput()), at(o.getFilter()),
                                      at.optional(o.getBias()))};
      })
      .Case([&](SpaceToDepthOp o) {
        return Results{spaceToDepth(at(o.getInput()), int64_t(o.getBlock()))};
      })
      .Case([&](DepthToSpaceOp o) {
        return Results{depthToSpace(at(o.getInput()), int64_t(o.getBlock()))};
      })
      .Default([](Operation *) { return Results{}; });
}

/// The columns of a tensor as rows of a matrix, and back.
Tensor transposed(const Tensor &x) {
  int64_t columns = x.shape.back(), rows = x.size() / columns;
  Tensor result(Shape{columns, rows});
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      result.values[column * rows + row] = x.values[row * columns + column];
  return result;
}

/// A product whose sum runs along the columns of `lhs`, in parts.
Tensor contractInParts(ContractOp op, const Tensor &lhs, const Tensor &rhs) {
  bool transposesRight = op.getForm() == ContractForm::NT;
  int64_t parts = op.getParts();
  if (parts == 1)
    return transposesRight ? contractNT(lhs, rhs) : contractNN(lhs, rhs);
  Tensor result = inParts(parts, 1, transposed(lhs),
                          transposesRight ? transposed(rhs) : rhs, contractTN);
  result.shape = shapeOf(op.getOutput().getType());
  return result;
}

Results evaluateContract(Operation *op, Lookup at) {
  return TypeSwitch<Operation *, Results>(op)
      .Case([&](ContractOp o) {
        const Tensor &lhs = at(o.getLhs()), &rhs = at(o.getRhs());
        if (o.getForm() == ContractForm::TN)
          return Results{inParts(int64_t(o.getParts()), lhs.rank() - 1, lhs,
                                 rhs, contractTN)};
        return Results{contractInParts(o, lhs, rhs)};
      })
      .Case([&](LinearOp o) {
        return Results{linear(at(o.getInput()), at(o.getWeight()),
                              at.optional(o.getBias()))};
      })
      .Case([&](PackOp o) {
        int64_t width = shapeOf(o.getOutput().getType()).back();
        const Tensor &input = at(o.getInput());
        return Results{o.getForm() == ContractForm::NT ? packNT(input, width)
                                                       : packNN(input, width)};
      })
      .Case([&](PackedContractOp o) {
        return Results{packedContract(at(o.getLhs()), at(o.getPacked()),
                                      shapeOf(o.getOutput().getType()).back())};
      })
      .Default([](Operation *) { return Results{}; });
}

Results evaluateNorm(Operation *op, Lookup at) {
  return TypeSwitch<Operation *, Results>(op)
      .Case([&](ChannelStatisticsOp o) {
        auto result = channelStatistics(at(o.getInput()), at(o.getShift()));
        return Results{result.count, result.sum, result.squareSum};
      })
      .Case([&](BatchMomentsOp o) {
        auto result = batchMoments(at(o.getCount()), at(o.getSum()),
                                   at(o.getSquareSum()), at(o.getShift()));
        return Results{result.mean, result.variance};
      })
      .Case([&](BatchNormOp o) {
        return Results{batchNorm(at(o.getInput()), at(o.getMean()),
                                 at(o.getVariance()), at(o.getScale()),
                                 at(o.getOffset()),
                                 o.getEpsilon().convertToDouble())};
      })
      .Case([&](LayerNormOp o) {
        return Results{layerNorm(at(o.getInput()), at(o.getScale()),
                                 at(o.getOffset()),
                                 o.getEpsilon().convertToDouble())};
      })
      .Case([&](L2NormalizeOp o) {
        return Results{
            l2Normalize(at(o.getInput()), o.getEpsilon().convertToDouble())};
      })
      .Case([&](WeightNormOp o) {
        return Results{weightNorm(at(o.getDirection()), at(o.getGain()))};
      })
      .Case([&](RunningAverageOp o) {
        return Results{runningAverage(at(o.getAverage()), at(o.getValue()),
                                      o.getMomentum().convertToDouble(),
                                      o.getCorrection().convertToDouble())};
      })
      .Default([](Operation *) { return Results{}; });
}

Results evaluatePointwise(Operation *op, Lookup at) {
  return TypeSwitch<Operation *, Results>(op)
      .Case([&](GeluOp o) { return Results{gelu(at(o.getInput()))}; })
      .Case([&](GeluGradOp o) {
        return Results{geluGrad(at(o.getInput()), at(o.getOutputGrad()))};
      })
      .Case([&](ReluOp o) { return Results{relu(at(o.getInput()))}; })
      .Case([&](ReluGradOp o) {
        return Results{reluGrad(at(o.getInput()), at(o.getOutputGrad()))};
      })
      // With one rank a sum over ranks is the value itself, and casts do not
      // round here.
      .Case<StopGradientOp, AllReduceOp, CastOp>(
          [&](auto o) { return Results{at(o.getInput())}; })
      .Case([&](LayerScaleOp o) {
        return Results{layerScale(at(o.getInput()), at(o.getGamma()))};
      })
      .Case([&](DropPathOp o) {
        return Results{dropPath(at(o.getInput()), at(o.getDraw()),
                                o.getRate().convertToDouble())};
      })
      .Case([&](GlobalAveragePoolOp o) {
        return Results{globalAveragePool(at(o.getInput()))};
      })
      .Case([&](RandomUniformOp o) {
        return Results{randomUniform(at(o.getState()), uint32_t(o.getStream()),
                                     shapeOf(o.getOutput().getType())[0])};
      })
      .Default([](Operation *) { return Results{}; });
}

Results evaluateMovement(Operation *op, Lookup at) {
  return TypeSwitch<Operation *, Results>(op)
      .Case([&](BroadcastOp o) {
        return Results{broadcast(at(o.getInput()), Shape(o.getDims()),
                                 shapeOf(o.getOutput().getType()))};
      })
      .Case([&](ReduceOp o) {
        Shape dims(o.getDims());
        return Results{o.getKind() == ReduceKind::Sum
                           ? reduceSum(at(o.getInput()), dims)
                           : reduceMax(at(o.getInput()), dims)};
      })
      .Case([&](ReducePartialOp o) {
        return Results{reducePartial(at(o.getInput()), int64_t(o.getRows()))};
      })
      .Case([&](ReshapeOp o) {
        return Results{
            Tensor(shapeOf(o.getOutput().getType()), at(o.getInput()).values)};
      })
      .Case([&](ConcatOp o) {
        Results inputs;
        for (Value input : o.getInputs())
          inputs.push_back(at(input));
        return Results{concat(inputs)};
      })
      .Case([&](SliceOp o) {
        return Results{slice(at(o.getInput()), int64_t(o.getOffset()),
                             shapeOf(o.getOutput().getType())[0])};
      })
      .Case([&](PadOp o) {
        return Results{pad(at(o.getInput()), int64_t(o.getOffset()),
                           shapeOf(o.getOutput().getType())[0])};
      })
      .Default([](Operation *) { return Results{}; });
}

Results evaluateLoss(Operation *op, Lookup at) {
  return TypeSwitch<Operation *, Results>(op)
      .Case([&](SoftmaxOp o) { return Results{softmax(at(o.getInput()))}; })
      .Case(
          [&](LogSoftmaxOp o) { return Results{logSoftmax(at(o.getInput()))}; })
      .Case([&](SinkhornOp o) {
        return Results{sinkhorn(at(o.getInput()), int64_t(o.getIterations()))};
      })
      .Case([&](CrossViewTargetsOp o) {
        return Results{crossViewTargets(at(o.getProbabilities()),
                                        int64_t(o.getViews()),
                                        int64_t(o.getTeacherViews()))};
      })
      .Case([&](CrossViewCrossEntropyOp o) {
        return Results{crossViewCrossEntropy(
            at(o.getLogits()), at(o.getProbabilities()), int64_t(o.getViews()),
            int64_t(o.getTeacherViews()))};
      })
      .Case([&](OneHotOp o) {
        return Results{
            oneHot(at(o.getLabels()), shapeOf(o.getOutput().getType())[1])};
      })
      .Case([&](CrossEntropyOp o) {
        return Results{crossEntropy(at(o.getLogits()), at(o.getLabels()),
                                    o.getSmoothing().convertToDouble())};
      })
      .Default([](Operation *) { return Results{}; });
}

Results evaluateUpdate(Operation *op, Lookup at) {
  return TypeSwitch<Operation *, Results>(op)
      .Case([&](ClipByNormOp o) {
        return Results{
            clipByNorm(at(o.getInput()), o.getMaxNorm().convertToDouble())};
      })
      .Case([&](AdamWOp o) {
        AdamW next = adamw(
            {at(o.getParam()), at(o.getMoment1()), at(o.getMoment2())},
            at(o.getGrad()), at.scalar(o.getCount()),
            at.scalar(o.getLearningRate()), at.scalar(o.getWeightDecay()),
            at.scalar(o.getActive(), /*absent=*/1) != 0,
            o.getBeta1().convertToDouble(), o.getBeta2().convertToDouble(),
            o.getEpsilon().convertToDouble());
        return Results{next.param, next.moment1, next.moment2};
      })
      .Case([&](SgdOp o) {
        Momentum next =
            sgd({at(o.getParam()), at(o.getVelocity())}, at(o.getGrad()),
                at.scalar(o.getLearningRate()), at.scalar(o.getWeightDecay()),
                o.getMomentum().convertToDouble());
        return Results{next.param, next.velocity};
      })
      .Case([&](LarsOp o) {
        Momentum next = lars(
            {at(o.getParam()), at(o.getVelocity())}, at(o.getGrad()),
            at.scalar(o.getLearningRate()), at.scalar(o.getWeightDecay()),
            o.getMomentum().convertToDouble(), o.getEta().convertToDouble());
        return Results{next.param, next.velocity};
      })
      .Case([&](EmaOp o) {
        return Results{ema(at(o.getAverage()), at(o.getValue()),
                           at.scalar(o.getMomentum()))};
      })
      .Default([](Operation *) { return Results{}; });
}

} // namespace

Results evaluateBcssl(Operation *op, const Environment &values) {
  for (auto *family :
       {evaluateConv, evaluateContract, evaluateNorm, evaluatePointwise,
        evaluateMovement, evaluateLoss, evaluateUpdate}) {
    Results results = family(op, Lookup{values});
    if (!results.empty())
      return results;
  }
  return {};
}

} // namespace bcssl::reference
