//===- RegionEmitter.cpp - values of a kernel's body in one thread --------===//

#include "passes/codegen/gpu/RegionEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace bcssl {
namespace {

Type elementOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType();
}

bool isFloat(Type element) { return element.isF32() || element.isBF16(); }

/// Operations of the arith and math dialects that become code without a
/// library: those that PTX has, and those that are expanded into polynomials.
bool isPointwise(Operation *op) {
  return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
             arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp, arith::CmpFOp,
             arith::SelectOp, arith::ExtFOp, arith::TruncFOp, math::AbsFOp,
             math::ErfOp, math::ExpOp, math::LogOp, math::RsqrtOp, math::SqrtOp,
             math::TanhOp>(op);
}

} // namespace

std::string GpuRegionEmitter::missing(Operation *op, Operation *anchor) {
  std::string name = op->getName().getStringRef().str();
  for (Value result : op->getResults())
    if (Type element = elementOf(result);
        !isFloat(element) && !element.isInteger(1))
      return name + " of another type than f32 or bf16";
  if (op == anchor)
    return "";
  ArrayRef<int64_t> space =
      cast<RankedTensorType>(anchor->getResult(0).getType()).getShape();
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return isa<SplatElementsAttr>(constant.getValue())
               ? ""
               : "a constant of several values";
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    bool perChannel = broadcast.getDims() == ArrayRef<int64_t>{3};
    bool fromMemory = isa<BlockArgument>(broadcast.getInput()) ||
                      broadcast.getInput().getDefiningOp<arith::ConstantOp>();
    bool toSpace =
        cast<RankedTensorType>(broadcast.getOutput().getType()).getShape() ==
        space;
    return (perChannel || broadcast.getDims().empty()) && fromMemory && toSpace
               ? ""
               : "a broadcast of other than channels or one value of an input";
  }
  return isPointwise(op) ? "" : name;
}

void GpuRegionEmitter::enter(Value anchorResult, Value vector) {
  values.clear();
  values[anchorResult] = vector;
}

Value GpuRegionEmitter::buffer(Value bodyArgument) const {
  return buffers[cast<BlockArgument>(bodyArgument).getArgNumber()];
}

void GpuRegionEmitter::store(const GpuSite &site) {
  auto yield = cast<YieldOp>(op.getBody().front().getTerminator());
  for (auto [number, value] : llvm::enumerate(yield.getValues())) {
    Value vector = kernel.narrow(vectorAt(value, site), elementOf(value));
    Value memref = buffers[op.getInputs().size() + number];
    storeChannels(vector, memref, kernel.mul(site.row, channels), site.channel);
  }
}

Value GpuRegionEmitter::vectorAt(Value tensor, const GpuSite &site) {
  if (Value known = values.lookup(tensor))
    return known;
  Value value = emit(tensor, site);
  return values[tensor] = value;
}

Value GpuRegionEmitter::emit(Value tensor, const GpuSite &site) {
  if (isa<BlockArgument>(tensor))
    return kernel.widen(loadChannels(
        buffer(tensor), kernel.mul(site.row, channels), site.channel));
  Operation *defining = tensor.getDefiningOp();
  if (auto constant = dyn_cast<arith::ConstantOp>(defining))
    return emitConstant(constant);
  if (auto broadcast = dyn_cast<BroadcastOp>(defining))
    return emitBroadcast(broadcast, site);
  // Both kinds of floats are f32 here.
  if (isa<arith::ExtFOp, arith::TruncFOp>(defining))
    return vectorAt(defining->getOperand(0), site);
  return emitElementwise(defining, site);
}

Value GpuRegionEmitter::emitConstant(arith::ConstantOp constant) {
  auto value = cast<TypedAttr>(
      cast<SplatElementsAttr>(constant.getValue()).getSplatValue<Attribute>());
  if (auto number = dyn_cast<FloatAttr>(value))
    value = kernel.builder.getF32FloatAttr(
        static_cast<float>(number.getValueAsDouble()));
  return kernel.splat(value, gpuLanes);
}

Value GpuRegionEmitter::emitBroadcast(BroadcastOp broadcast,
                                      const GpuSite &site) {
  Value from = broadcast.getInput();
  if (auto constant = from.getDefiningOp<arith::ConstantOp>())
    return emitConstant(constant);
  if (!broadcast.getDims().empty())
    return kernel.widen(loadChannels(buffer(from), Value(), site.channel));
  ImplicitLocOpBuilder &builder = kernel.builder;
  Value scalar = memref::LoadOp::create(builder, buffer(from), kernel.index(0));
  auto type = VectorType::get({gpuLanes}, scalar.getType());
  return kernel.widen(vector::BroadcastOp::create(builder, type, scalar));
}

Value GpuRegionEmitter::emitElementwise(Operation *elementwise,
                                        const GpuSite &site) {
  IRMapping mapping;
  for (Value operand : elementwise->getOperands())
    mapping.map(operand, vectorAt(operand, site));
  Operation *clone = kernel.builder.clone(*elementwise, mapping);
  Type element = elementOf(elementwise->getResult(0));
  if (isFloat(element))
    element = kernel.builder.getF32Type();
  clone->getResult(0).setType(VectorType::get({gpuLanes}, element));
  return clone->getResult(0);
}

Value GpuRegionEmitter::loadChannels(Value memref, Value first, Value channel) {
  auto place = [&](Value at) { return first ? kernel.add(first, at) : at; };
  if (isWhole())
    return kernel.load(memref, place(channel), gpuLanes);
  ImplicitLocOpBuilder &builder = kernel.builder;
  Value vector = kernel.zeros(
      cast<MemRefType>(memref.getType()).getElementType(), gpuLanes);
  for (int64_t lane = 0; lane < gpuLanes; ++lane) {
    Value at = kernel.add(channel, lane);
    Value inside = lane == 0 ? Value() : kernel.within(at, channels);
    Value one = kernel.loadWhen(inside, memref, place(at), 1);
    Value scalar = vector::ExtractOp::create(builder, one, int64_t{0});
    vector = vector::InsertOp::create(builder, scalar, vector, lane);
  }
  return vector;
}

void GpuRegionEmitter::storeChannels(Value vector, Value memref, Value first,
                                     Value channel) {
  if (isWhole())
    return kernel.store(vector, memref, kernel.add(first, channel));
  for (int64_t lane = 0; lane < gpuLanes; ++lane) {
    Value at = kernel.add(channel, lane);
    kernel.when(lane == 0 ? Value() : kernel.within(at, channels), [&] {
      Value scalar = vector::ExtractOp::create(kernel.builder, vector, lane);
      auto type = VectorType::get({1}, scalar.getType());
      Value one = vector::BroadcastOp::create(kernel.builder, type, scalar);
      kernel.store(one, memref, kernel.add(first, at));
    });
  }
}

} // namespace bcssl
