//===- Kernel.cpp - kernel regions and what occurs only in them -----------===//
//
// Syntax of bcssl.kernel and verification.
//
//===----------------------------------------------------------------------===//

#include "dialects/bcssl/Verify.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace bcssl;
using namespace bcssl::detail;

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  StringRef keyword;
  SMLoc keywordLoc = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return failure();
  std::optional<KernelFamily> family = symbolizeKernelFamily(keyword);
  if (!family)
    return parser.emitError(keywordLoc)
           << "expects a kernel family, got " << keyword;
  Properties &properties = result.getOrAddProperties<Properties>();
  properties.family = KernelFamilyAttr::get(parser.getContext(), *family);

  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SMLoc operandsLoc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, [&] {
        return failure(parser.parseArgument(arguments.emplace_back()) ||
                       parser.parseEqual() ||
                       parser.parseOperand(operands.emplace_back()));
      }))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("tile")) &&
      parser.parseAttribute(properties.tile))
    return failure();

  FunctionType type;
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseColonType(type))
    return failure();
  if (type.getNumInputs() != operands.size())
    return parser.emitError(operandsLoc)
           << "expects one input type per input, got " << type.getNumInputs()
           << " for " << operands.size();
  if (parser.resolveOperands(operands, type.getInputs(), operandsLoc,
                             result.operands))
    return failure();
  result.addTypes(type.getResults());
  for (auto [argument, input] : llvm::zip_equal(arguments, type.getInputs()))
    argument.type = input;
  return parser.parseRegion(*result.addRegion(), arguments);
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << ' ' << stringifyKernelFamily(getFamily()) << '(';
  llvm::interleaveComma(llvm::zip_equal(getBody().getArguments(), getInputs()),
                        printer, [&](auto pair) {
                          auto [argument, input] = pair;
                          printer << argument << " = " << input;
                        });
  printer << ')';
  if (getTileAttr())
    printer << " tile " << getTileAttr();
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {getFamilyAttrName(), getTileAttrName()});
  printer << " : ";
  printer.printFunctionalType(*this);
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult KernelOp::verify() {
  if (getBody().getArgumentTypes() != getInputs().getTypes())
    return emitOpError() << "(C1) expects one block argument per input and of "
                            "its type, got "
                         << getBody().getNumArguments() << " for "
                         << getInputs().size();
  auto yield = dyn_cast<YieldOp>(getBody().front().back());
  if (!yield)
    return emitOpError() << "(C2) expects bcssl.yield at the end, got "
                         << getBody().front().back().getName();
  if (yield.getValues().getTypes() != getOutputs().getTypes())
    return emitOpError() << "(C3) expects one yielded value per result and of "
                            "its type, got "
                         << yield.getValues().size() << " for "
                         << getOutputs().size();
  return success();
}

LogicalResult ReducePartialOp::verify() {
  auto run = static_cast<int64_t>(getRows());
  if (run < 1)
    return emitOpError() << "(C1) expects runs of 1 row or more, got " << run;
  return verifyShape(
      *this, "(C2)", "result", getOutput(),
      {llvm::divideCeilSigned(rowsOf(getInput()), run), columnsOf(getInput())});
}

LogicalResult PackOp::verify() {
  if (getForm() == ContractForm::TN)
    return emitOpError() << "(C1) expects form nn or nt, got tn";
  bool transposed = getForm() == ContractForm::NT;
  ArrayRef<int64_t> input = shapeOf(getInput());
  int64_t summed = input[transposed ? 1 : 0];
  int64_t columns = input[transposed ? 0 : 1];
  int64_t width = columnsOf(getOutput());
  return verifyShape(*this, "(C2)", "result", getOutput(),
                     {llvm::divideCeilSigned(columns, width), summed, width});
}

LogicalResult PackedContractOp::verify() {
  ArrayRef<int64_t> packed = shapeOf(getPacked());
  if (columnsOf(getLhs()) != packed[1])
    return emitOpError() << "(C1) expects equal sizes along the sum, got "
                         << columnsOf(getLhs()) << " and " << packed[1];
  SmallVector<int64_t> expected(shapeOf(getLhs()));
  int64_t columns = shapeOf(getOutput()).back();
  expected.back() = columns;
  if (failed(verifyShape(*this, "(C2)", "result", getOutput(), expected)))
    return failure();
  if (llvm::divideCeilSigned(columns, packed[2]) != packed[0])
    return emitOpError() << "(C3) expects as many panels of " << packed[2]
                         << " columns as " << columns << " columns fill, got "
                         << packed[0];
  return success();
}
