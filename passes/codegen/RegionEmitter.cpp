//===- RegionEmitter.cpp - values of a kernel's body at one place ---------===//

#include "passes/codegen/RegionEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace bcssl {

static ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

RegionEmitter::RegionEmitter(ImplicitLocOpBuilder &builder, KernelOp kernel,
                             ValueRange buffers, ArrayRef<int64_t> space,
                             VectorForm form)
    : builder(builder), kernel(kernel), buffers(buffers), space(space),
      form(form) {
  if (!space.empty()) {
    columns = space.back();
    rowsTotal = llvm::product_of(space.drop_back());
  }
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  for (auto [index, value] : llvm::enumerate(yield.getValues()))
    if (auto partial = value.getDefiningOp<ReducePartialOp>())
      partialSums.push_back({partial, index});
}

void RegionEmitter::enter(bool keepRows) {
  values.clear();
  if (!keepRows)
    rows.clear();
}

bool RegionEmitter::isFull(Value tensor) const {
  return shapeOf(tensor) == ArrayRef<int64_t>(space);
}

bool RegionEmitter::isRow(Value tensor) const {
  return !space.empty() &&
         shapeOf(tensor) == ArrayRef<int64_t>(space).drop_back();
}

Value RegionEmitter::buffer(Value bodyArgument) const {
  return buffers[cast<BlockArgument>(bodyArgument).getArgNumber()];
}

Value RegionEmitter::resultBuffer(unsigned index) {
  return buffers[kernel.getInputs().size() + index];
}

VectorType RegionEmitter::vectorType(int64_t width) {
  return VectorType::get({width ? width : form.width}, builder.getF32Type());
}

void RegionEmitter::forRange(Value begin, Value end, int64_t step,
                             function_ref<void(Value)> body) {
  scf::ForOp::create(builder, begin, end, index(step), ValueRange{},
                     [&](OpBuilder &, Location, Value i, ValueRange) {
                       body(i);
                       scf::YieldOp::create(builder);
                     });
}

Value RegionEmitter::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, value);
}

Value RegionEmitter::add(Value a, Value b) {
  return arith::AddIOp::create(builder, a, b);
}

Value RegionEmitter::mul(Value a, int64_t b) {
  return b == 1 ? a : Value(arith::MulIOp::create(builder, a, index(b)));
}

Value RegionEmitter::zero(int64_t width) {
  return arith::ConstantOp::create(
      builder,
      DenseElementsAttr::get(vectorType(width), builder.getF32FloatAttr(0.0f)));
}

Value RegionEmitter::splat(Value scalar) {
  return vector::BroadcastOp::create(builder, vectorType(), scalar);
}

/// What stands for the element in registers.
static Type registerType(Type element) {
  return element.isBF16() ? Float32Type::get(element.getContext()) : element;
}

llvm::MaybeAlign RegionEmitter::alignmentOf(Type element, int64_t width) const {
  if (!form.aligned)
    return std::nullopt;
  int64_t bytes = width * element.getIntOrFloatBitWidth() / 8;
  return llvm::Align(std::min(gpuWideBytes, bytes));
}

static Value laneMask(ImplicitLocOpBuilder &builder, int64_t lanes,
                      int64_t width) {
  SmallVector<bool> active(width, false);
  std::fill(active.begin(), active.begin() + lanes, true);
  auto type = VectorType::get({width}, builder.getI1Type());
  return arith::ConstantOp::create(builder,
                                   DenseElementsAttr::get(type, active));
}

/// Loads elements as they lie in memory.
static Value loadStored(ImplicitLocOpBuilder &builder, Value memref, Value at,
                        int64_t lanes, int64_t width,
                        llvm::MaybeAlign alignment) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  auto stored = VectorType::get({width}, element);
  if (lanes == 0 || lanes == width)
    return vector::LoadOp::create(builder, stored, memref, at,
                                  /*nontemporal=*/false, alignment);
  Value padding = arith::ConstantOp::create(
      builder, DenseElementsAttr::get(stored, builder.getZeroAttr(element)));
  return vector::MaskedLoadOp::create(builder, stored, memref, at,
                                      laneMask(builder, lanes, width), padding);
}

Value RegionEmitter::loadVector(Value memref, Value at, int64_t lanes,
                                int64_t width) {
  width = width ? width : form.width;
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  Value vector = loadStored(builder, memref, at, lanes, width,
                            alignmentOf(element, width));
  if (element.isInteger(8))
    return arith::TruncIOp::create(
        builder, VectorType::get({width}, builder.getI1Type()), vector);
  return element.isBF16()
             ? Value(arith::ExtFOp::create(builder, vectorType(width), vector))
             : vector;
}

Value RegionEmitter::loadScalar(Value memref, Value at) {
  Value scalar = memref::LoadOp::create(builder, memref, at);
  if (scalar.getType().isInteger(8))
    return arith::TruncIOp::create(builder, builder.getI1Type(), scalar);
  if (scalar.getType().isBF16())
    return arith::ExtFOp::create(builder, builder.getF32Type(), scalar);
  return scalar;
}

void RegionEmitter::storeVector(Value vector, Value memref, Value at,
                                int64_t lanes) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  int64_t width = cast<VectorType>(vector.getType()).getDimSize(0);
  auto stored = VectorType::get({width}, element);
  if (element.isInteger(8))
    vector = arith::ExtUIOp::create(builder, stored, vector);
  if (element.isBF16())
    vector = arith::TruncFOp::create(builder, stored, vector);
  if (lanes == 0 || lanes == width)
    vector::StoreOp::create(builder, vector, memref, at, /*nontemporal=*/false,
                            alignmentOf(element, width));
  else
    vector::MaskedStoreOp::create(builder, memref, at,
                                  laneMask(builder, lanes, width), vector);
}

Value RegionEmitter::vectorAt(Value tensor, const Site &site) {
  if (Value known = values.lookup(tensor))
    return known;
  Value value = emitVector(tensor, site);
  return values[tensor] = value;
}

Value RegionEmitter::emitVector(Value tensor, const Site &site) {
  if (isa<BlockArgument>(tensor)) {
    Value at = add(mul(site.row, columns), site.column);
    // Bytes of images; those of truth values belong to tensors of i1.
    Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
    if (element.isInteger(8))
      return loadStored(builder, buffer(tensor), at, site.lanes, form.width,
                        alignmentOf(element, form.width));
    return loadVector(buffer(tensor), at, site.lanes);
  }
  Operation *op = tensor.getDefiningOp();
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return emitBroadcast(broadcast, site);
  if (auto targets = dyn_cast<CrossViewTargetsOp>(op))
    return emitTargets(targets, site);
  if (auto oneHot = dyn_cast<OneHotOp>(op))
    return emitOneHot(oneHot, site);
  if (auto random = dyn_cast<RandomUniformOp>(op))
    return emitRandom(random, site);
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return emitColumnReduce(reduce, site);
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return splatConstant(constant);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(vectorAt(operand, site));
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  return emitElementwise(op, operands,
                         VectorType::get({form.width}, registerType(element)));
}

/// A constant's one value in the type of registers.
static TypedAttr constantElement(arith::ConstantOp op) {
  auto value = cast<TypedAttr>(
      cast<SplatElementsAttr>(op.getValue()).getSplatValue<Attribute>());
  if (auto number = dyn_cast<FloatAttr>(value))
    return FloatAttr::get(registerType(number.getType()),
                          number.getValueAsDouble());
  return value;
}

Value RegionEmitter::splatConstant(arith::ConstantOp op) {
  TypedAttr element = constantElement(op);
  auto type = VectorType::get({form.width}, element.getType());
  return arith::ConstantOp::create(
      builder, DenseElementsAttr::get(type, Attribute(element)));
}

/// Repeats an elementwise tensor operation on vectors or scalars of `type`.
Value RegionEmitter::emitElementwise(Operation *op, ValueRange operands,
                                     Type type) {
  if (isa<arith::ExtFOp>(op))
    return operands.front();
  if (isa<arith::TruncFOp>(op)) {
    Type rounded = builder.getBF16Type();
    if (auto vector = dyn_cast<VectorType>(type))
      rounded = vector.clone(rounded);
    Value narrow = arith::TruncFOp::create(builder, rounded, operands.front());
    return arith::ExtFOp::create(builder, type, narrow);
  }
  IRMapping mapping;
  mapping.map(op->getOperands(), operands);
  Operation *clone = builder.clone(*op, mapping);
  clone->getResult(0).setType(type);
  return clone->getResult(0);
}

Value RegionEmitter::scalarAt(Value tensor, Value row) {
  if (Value known = rows.lookup(tensor))
    return known;
  Value result;
  if (isa<BlockArgument>(tensor)) {
    result = loadScalar(buffer(tensor), row);
  } else {
    Operation *op = tensor.getDefiningOp();
    Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      result = arith::ConstantOp::create(builder, constantElement(constant));
    } else if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
      // A scalar, or a value for a run of leading dimensions.
      Value from = broadcast.getInput();
      if (isa<BlockArgument>(from) || from.getDefiningOp<arith::ConstantOp>()) {
        Value at = index(0);
        if (!broadcast.getDims().empty())
          at = quotientRow(row, shapeOf(tensor), broadcast.getDims());
        result = scalarAt(from, at);
        rows.erase(from); // The cache is by row; this was another row.
      } else {
        result = scalarAt(from, row);
      }
    } else {
      SmallVector<Value> operands;
      for (Value operand : op->getOperands())
        operands.push_back(scalarAt(operand, row));
      result = emitElementwise(op, operands, registerType(element));
    }
  }
  return rows[tensor] = result;
}

/// The index of a broadcast's operand: dims [a, b] of `shape` out of `row`,
/// which counts through all of `shape`.
Value RegionEmitter::quotientRow(Value row, ArrayRef<int64_t> shape,
                                 ArrayRef<int64_t> dims) {
  int64_t inner = llvm::product_of(shape.drop_front(dims.back() + 1));
  bool isCut = dims.front() != 0 &&
               llvm::product_of(shape.take_front(dims.front())) != 1;
  // GPUs divide 64 bits in many instructions and registers.
  bool isNarrow = form.aligned && llvm::isInt<32>(rowsTotal);
  Type type = isNarrow ? builder.getI32Type() : Type(builder.getIndexType());
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder,
                                     builder.getIntegerAttr(type, value));
  };
  auto convert = [&](Value value, Type to) -> Value {
    return isNarrow ? arith::IndexCastUIOp::create(builder, to, value) : value;
  };
  if (inner == 1 && !isCut)
    return row;
  Value at = convert(row, type);
  if (inner != 1)
    at = arith::DivUIOp::create(builder, at, number(inner));
  if (isCut)
    at = arith::RemUIOp::create(
        builder, at,
        number(llvm::product_of(shape.slice(dims.front(), dims.size()))));
  return convert(at, builder.getIndexType());
}

Value RegionEmitter::emitBroadcast(BroadcastOp op, const Site &site) {
  ArrayRef<int64_t> dims = op.getDims();
  ArrayRef<int64_t> shape = shapeOf(op.getOutput());
  Value from = op.getInput();
  if (auto constant = from.getDefiningOp<arith::ConstantOp>())
    return splatConstant(constant);
  auto widen = [&](Value scalar) -> Value {
    auto type = VectorType::get({form.width}, scalar.getType());
    return vector::BroadcastOp::create(builder, type, scalar);
  };
  if (!isa<BlockArgument>(from))
    return widen(scalarAt(from, site.row));
  if (dims.empty())
    return widen(loadScalar(buffer(from), index(0)));
  int64_t rank = shape.size();
  if (dims.back() != rank - 1)
    return widen(loadScalar(buffer(from),
                            quotientRow(site.row, shape.drop_back(), dims)));
  if (dims.size() == 1)
    return loadVector(buffer(from), site.column, site.lanes);
  Value row = quotientRow(site.row, shape.drop_back(), dims.drop_back());
  return loadVector(buffer(from), add(mul(row, shape.back()), site.column),
                    site.lanes);
}

} // namespace bcssl
