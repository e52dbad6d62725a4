//===- ModelReport.cpp - a model of the zoo in the compiler ---------------===//

#include "tools/ModelReport.h"

#include "frontend/Import.h"
#include "models/Zoo.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/JSON.h"

using namespace mlir;

namespace bcssl {

OwningOpRef<ModuleOp> moduleOf(MLIRContext &context,
                               const models::Options &options,
                               Precision precision) {
  auto module = frontend::importModule(context, models::buildModule(options));
  if (!module)
    return module;
  Builder builder(&context);
  SmallVector<NamedAttribute> properties;
  for (const models::OptionField &field : models::optionFields())
    properties.push_back(builder.getNamedAttr(
        field.name, builder.getStringAttr(field.get(options))));
  properties.push_back(
      builder.getNamedAttr("model", builder.getStringAttr(options.model)));
  properties.push_back(builder.getNamedAttr(
      "precision", builder.getStringAttr(nameOf(precision))));
  (*module)->setAttr("bcssl.properties", builder.getDictionaryAttr(properties));
  return module;
}

/// `bcssl.arena_bytes` of a planned operation as "arena_bytes".
static void writeBytes(llvm::json::OStream &json, Operation *op,
                       StringRef name) {
  json.attribute(
      name, op->getAttrOfType<IntegerAttr>(("bcssl." + name).str()).getInt());
}

static void writePlan(llvm::json::OStream &json, ModuleOp module) {
  writeBytes(json, module, "state_bytes");
  json.attributeArray("programs", [&] {
    for (auto function : module.getOps<func::FuncOp>())
      json.object([&] {
        json.attribute("name", function.getName());
        for (StringRef name : {"arena_bytes", "input_bytes", "output_bytes"})
          writeBytes(json, function, name);
      });
  });
}

FailureOr<std::string> reportModel(MLIRContext &context,
                                   const models::Options &options,
                                   CompileOptions compile) {
  compile.from = Stage::Input;
  compile.to = Stage::Planned;
  auto module = moduleOf(context, options, compile.formation.precision);
  if (!module || failed(runStages(*module, compile)))
    return failure();
  models::Description description = models::describe(options);
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream json(stream, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("model", options.model);
    json.attribute("backbone_parameters", description.backboneParameters);
    json.attribute("parameters", description.classifierParameters);
    json.attribute("dino_head_parameters", description.dinoHeadParameters);
    json.attribute("gmac", description.imageMacs / 1e9);
    json.attribute("gmac_local", description.localMacs / 1e9);
    json.attribute("batch", options.batch);
    writePlan(json, *module);
  });
  return text + "\n";
}

} // namespace bcssl
