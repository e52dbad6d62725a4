//===- CoveringTexts.cpp - one kernel of a setting as MLIR ----------------===//

#include "test/passes/numerics/CoveringTexts.h"

#include <algorithm>

namespace bcssl::test {
namespace {

using Texts = std::vector<std::string>;

std::string tensor(const std::vector<int64_t> &shape,
                   const std::string &element = "f32") {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + element + ">";
}

std::string elementOf(int64_t bits) { return bits == 16 ? "bf16" : "f32"; }

std::string join(const Texts &texts) {
  std::string all;
  for (const std::string &text : texts)
    all += (all.empty() ? "" : ", ") + text;
  return all;
}

/// A kernel that is written line by line.
class KernelText {
public:
  explicit KernelText(std::string family) : family(std::move(family)) {}

  /// A new operand: "%a0", "%a1", ...
  std::string operand(const std::string &type) {
    inputs.push_back(type);
    return "%a" + std::to_string(inputs.size() - 1);
  }
  /// A line that names a value: "%0", "%1", ...
  std::string value(const std::string &operation) {
    std::string name = "%v" + std::to_string(count++);
    body += "  " + name + " = " + operation + "\n";
    return name;
  }
  std::string binary(const std::string &operation, const std::string &a,
                     const std::string &b, const std::string &type) {
    return value(operation + " " + a + ", " + b + " : " + type);
  }
  std::string unary(const std::string &operation, const std::string &a,
                    const std::string &type) {
    return value(operation + " " + a + " : " + type);
  }
  std::string constant(double number, const std::string &type) {
    return value("arith.constant dense<" + std::to_string(number) +
                 "> : " + type);
  }
  std::string broadcast(const std::string &a, int64_t dimension,
                        const std::string &from, const std::string &to) {
    return value("bcssl.broadcast " + a + " dims [" +
                 std::to_string(dimension) + "] : " + from + " -> " + to);
  }
  std::string reduce(const std::string &kind, const std::string &a,
                     int64_t dimension, const std::string &from,
                     const std::string &to) {
    return value("bcssl.reduce " + kind + " " + a + " dims [" +
                 std::to_string(dimension) + "] : " + from + " -> " + to);
  }
  std::string partial(const std::string &a, int64_t rows,
                      const std::string &from, const std::string &to) {
    return value("bcssl.reduce_partial " + a + " rows(" + std::to_string(rows) +
                 ") : " + from + " -> " + to);
  }
  /// An operand of the shape in memory, as f32.
  std::string wide(const std::vector<int64_t> &shape, int64_t bits) {
    std::string a = operand(tensor(shape, elementOf(bits)));
    return bits == 32 ? a
                      : value("arith.extf " + a + " : " +
                              tensor(shape, "bf16") + " to " + tensor(shape));
  }
  std::string gelu(const std::string &a, const std::string &type) {
    std::string both = binary("arith.addf", unary("math.erf", a, type),
                              constant(1, type), type);
    return binary("arith.mulf", a, both, type);
  }
  void yield(const std::string &a, const std::string &type) {
    yielded.push_back(a);
    results.push_back(type);
  }
  /// Stores an f32 value as it lies in memory.
  void store(const std::string &a, const std::vector<int64_t> &shape,
             int64_t bits) {
    if (bits == 32)
      return yield(a, tensor(shape));
    std::string type = tensor(shape, "bf16");
    yield(value("arith.truncf " + a + " : " + tensor(shape) + " to " + type),
          type);
  }

  std::string program() const {
    Texts arguments, bindings, returned;
    for (size_t i = 0; i < inputs.size(); ++i) {
      std::string number = std::to_string(i);
      arguments.push_back("%x" + number + ": " + inputs[i]);
      bindings.push_back("%a" + number + " = %x" + number);
    }
    for (size_t i = 0; i < results.size(); ++i)
      returned.push_back("%r#" + std::to_string(i));
    std::string types = "(" + join(results) + ")";
    return "func.func @f(" + join(arguments) + ") -> " + types +
           " {\n%r:" + std::to_string(results.size()) + " = bcssl.kernel " +
           family + "(" + join(bindings) + ") : (" + join(inputs) + ") -> " +
           types + " {\n" + body + "  bcssl.yield " + join(yielded) + " : " +
           join(results) + "\n}\nreturn " + join(returned) + " : " +
           join(results) + "\n}\n";
  }

private:
  std::string family, body;
  Texts inputs, yielded, results;
  size_t count = 0;
};

/// A product costs its checked loads from shared memory, an input its drawing,
/// a result its bound too.
constexpr int64_t productWork = 2, inputWork = 1, resultWork = 3;

int64_t partsOf(int64_t size, int64_t wanted) {
  int64_t each = (size + wanted - 1) / wanted;
  return (wanted - 1) * each < size ? wanted : 1;
}

/// A contraction's form and what follows it.
struct ContractionKind {
  const char *form;
  enum { Plain, Gelu, Residual, Sums, Parts } then;
};

} // namespace

std::string depthwiseText(const Setting &setting) {
  int64_t k = setting[0], h = setting[1], w = setting[2], c = setting[3],
          op = setting[4], n = setting[5], bits = setting[6];
  std::vector<int64_t> shape{n, h, w, c};
  std::string map = tensor(shape, elementOf(bits)), sums = tensor(shape),
              filter = tensor({k, k, c}, elementOf(bits)), row = tensor({c}),
              name = "bcssl.depthwise_conv2d";
  KernelText kernel(op < 5 ? "depthwise" : "depthwise_filter_grad");
  std::string a = kernel.operand(map);
  if (op >= 5) {
    int64_t parts = op == 6 ? partsOf(n, 2) : 1;
    std::vector<int64_t> result{k, k, c};
    if (parts > 1)
      result.insert(result.begin(), parts);
    kernel.yield(
        kernel.value(name + "_filter_grad " + a + ", " + kernel.operand(map) +
                     " {parts = " + std::to_string(parts) + " : i64} : " + map +
                     ", " + map + " -> " + tensor(result)),
        tensor(result));
    return kernel.program();
  }
  std::string b = kernel.operand(filter);
  if (op >= 3)
    name += "_input_grad";
  auto convolve = [&](const std::string &type) {
    return kernel.value(name + " " + a + ", " + b + " : " + map + ", " +
                        filter + " -> " + type);
  };
  if (op == 0 || op == 3) {
    kernel.yield(convolve(map), map);
    return kernel.program();
  }
  std::string sum = convolve(sums);
  if (op == 1) {
    std::string partials = tensor({n, c}),
                shift = kernel.broadcast(kernel.operand(row), 3, row, sums),
                d = kernel.binary("arith.subf", sum, shift, sums),
                square = kernel.binary("arith.mulf", d, d, sums);
    kernel.store(sum, shape, bits);
    kernel.yield(kernel.partial(d, h * w, sums, partials), partials);
    kernel.yield(kernel.partial(square, h * w, sums, partials), partials);
    return kernel.program();
  }
  if (op == 2) {
    std::string scale = kernel.broadcast(kernel.operand(row), 3, row, sums),
                shift = kernel.broadcast(kernel.operand(row), 3, row, sums);
    sum = kernel.binary("arith.mulf", sum, scale, sums);
    sum = kernel.gelu(kernel.binary("arith.addf", sum, shift, sums), sums);
  }
  sum = kernel.binary("arith.addf", sum, kernel.wide(shape, bits), sums);
  kernel.store(sum, shape, bits);
  return kernel.program();
}

int64_t workOfDepthwise(const Setting &setting) {
  int64_t k = setting[0], h = setting[1], w = setting[2], c = setting[3],
          op = setting[4], n = setting[5];
  int64_t map = n * h * w * c, filter = k * k * c;
  int64_t taps = std::min(k, h) * std::min(k, w);
  return map * (taps * productWork + inputWork) +
         (op < 5 ? map * resultWork + filter * inputWork
                 : map * inputWork + filter * resultWork);
}

std::string contractionText(const Setting &setting) {
  static constexpr ContractionKind kinds[] = {
      {"nt", ContractionKind::Plain},    {"nt", ContractionKind::Gelu},
      {"nt", ContractionKind::Residual}, {"nt", ContractionKind::Sums},
      {"nt", ContractionKind::Parts},    {"nn", ContractionKind::Residual},
      {"nn", ContractionKind::Sums},     {"nn", ContractionKind::Parts},
      {"tn", ContractionKind::Plain},    {"tn", ContractionKind::Parts}};
  int64_t m = setting[0], n = setting[1], k = setting[2], bits = setting[4];
  auto [form, then] = kinds[setting[3]];
  std::string element = elementOf(bits);
  std::string left = tensor(form[0] == 't' ? std::vector<int64_t>{k, m}
                                           : std::vector<int64_t>{m, k},
                            element),
              right = tensor(form[1] == 't' ? std::vector<int64_t>{n, k}
                                            : std::vector<int64_t>{k, n},
                             element);
  int64_t parts = then == ContractionKind::Parts ? partsOf(k, 3) : 1;
  std::vector<int64_t> shape{m, n};
  std::string sums = tensor(parts == 1 ? shape
                                       : std::vector<int64_t>{parts, m, n}),
              row = tensor({n});
  KernelText kernel("contraction");
  std::string a = kernel.operand(left), b = kernel.operand(right);
  std::string sum =
      kernel.value("bcssl.contract " + std::string(form) + " " + a + ", " + b +
                   " {parts = " + std::to_string(parts) + " : i64} : " + left +
                   ", " + right + " -> " + sums);
  if (then == ContractionKind::Plain || then == ContractionKind::Parts) {
    kernel.yield(sum, sums);
    return kernel.program();
  }
  std::string ofColumn = kernel.broadcast(kernel.operand(row), 1, row, sums);
  if (then == ContractionKind::Residual) {
    sum = kernel.binary("arith.mulf", sum, ofColumn, sums);
    sum = kernel.binary("arith.addf", sum, kernel.wide(shape, bits), sums);
    kernel.store(sum, shape, bits);
    return kernel.program();
  }
  sum = kernel.binary("arith.addf", sum, ofColumn, sums);
  kernel.store(sum, shape, bits);
  if (then == ContractionKind::Gelu) {
    kernel.store(kernel.gelu(sum, sums), shape, bits);
    return kernel.program();
  }
  constexpr int64_t rows = 128;
  std::string partials = tensor({(m + rows - 1) / rows, n});
  kernel.yield(kernel.partial(sum, rows, sums, partials), partials);
  return kernel.program();
}

int64_t workOfContraction(const Setting &setting) {
  int64_t m = setting[0], n = setting[1], k = setting[2];
  return m * n * (k * productWork + resultWork) + (m + n) * k * inputWork;
}

std::string rowwiseText(const Setting &setting) {
  int64_t rows = setting[0], columns = setting[1], op = setting[2],
          bits = setting[3];
  std::vector<int64_t> shape{rows, columns};
  std::string map = tensor(shape), row = tensor({columns}),
              each = tensor({rows});
  KernelText kernel("rowwise");
  std::string x = kernel.wide(shape, bits);
  auto across = [&](const std::string &a) {
    return kernel.broadcast(a, 0, each, map);
  };
  auto down = [&] {
    return kernel.broadcast(kernel.operand(row), 1, row, map);
  };
  auto sumOf = [&](const std::string &a) {
    return kernel.reduce("sum", a, 1, map, each);
  };
  auto meanOf = [&](const std::string &a) {
    return kernel.binary(
        "arith.mulf", sumOf(a),
        kernel.constant(1.0 / static_cast<double>(columns), each), each);
  };
  auto apply = [&](const char *operation, const std::string &a,
                   const std::string &b) {
    return kernel.binary(operation, a, b, map);
  };
  if (op == 0) {
    kernel.store(kernel.gelu(x, map), shape, bits);
  } else if (op == 1) {
    std::string scaled = apply("arith.mulf", x, across(kernel.operand(each)));
    kernel.store(apply("arith.addf", scaled, down()), shape, bits);
  } else if (op == 3) {
    std::string d = apply("arith.subf", x, across(meanOf(x)));
    std::string variance =
        kernel.binary("arith.addf", meanOf(apply("arith.mulf", d, d)),
                      kernel.constant(1e-3, each), each);
    std::string factor = across(kernel.unary("math.rsqrt", variance, each));
    std::string scaled =
        apply("arith.mulf", apply("arith.mulf", d, factor), down());
    kernel.store(apply("arith.addf", scaled, down()), shape, bits);
  } else if (op == 4) {
    constexpr int64_t some = 16;
    std::string partials = tensor({(rows + some - 1) / some, columns});
    std::string product = apply("arith.mulf", x, kernel.wide(shape, bits));
    std::string y = apply("arith.subf", product, across(meanOf(product)));
    kernel.store(y, shape, bits);
    kernel.yield(kernel.partial(y, some, map, partials), partials);
    kernel.yield(kernel.partial(product, some, map, partials), partials);
  } else {
    std::string largest = kernel.reduce("max", x, 1, map, each);
    std::string d = apply("arith.subf", x, across(largest));
    std::string power = kernel.unary("math.exp", d, map);
    std::string total = sumOf(power);
    if (op == 2) {
      kernel.store(apply("arith.divf", power, across(total)), shape, bits);
    } else {
      std::string logarithm =
          apply("arith.subf", d, across(kernel.unary("math.log", total, each)));
      kernel.yield(
          sumOf(apply("arith.mulf", kernel.wide(shape, bits), logarithm)),
          each);
    }
  }
  return kernel.program();
}

int64_t workOfRowwise(const Setting &setting) {
  return setting[0] * setting[1] * (inputWork + 2 * resultWork);
}

std::string columnwiseText(const Setting &setting) {
  int64_t rows = setting[0], columns = setting[1], outer = setting[2],
          op = setting[3], bits = setting[4];
  std::vector<int64_t> shape{rows, columns}, result{columns};
  if (outer > 1) {
    shape.insert(shape.begin(), outer);
    result.insert(result.begin(), outer);
  }
  std::string type = tensor(result);
  KernelText kernel("columnwise");
  std::string map = tensor(shape, elementOf(bits)), x = kernel.operand(map);
  std::string reduced =
      kernel.reduce(op == 1 ? "max" : "sum", x, outer > 1 ? 1 : 0, map,
                    tensor(result, elementOf(bits)));
  if (bits == 16)
    reduced = kernel.value("arith.extf " + reduced + " : " +
                           tensor(result, "bf16") + " to " + type);
  if (op == 2)
    kernel.yield(
        kernel.binary("arith.mulf", reduced,
                      kernel.constant(1.0 / static_cast<double>(rows), type),
                      type),
        type);
  kernel.yield(reduced, type);
  return kernel.program();
}

int64_t workOfColumnwise(const Setting &setting) {
  return setting[0] * setting[1] * setting[2] * inputWork;
}

std::string movementText(const Setting &setting) {
  int64_t op = setting[0], c = setting[1], size = setting[2],
          block = setting[3];
  std::string element = elementOf(setting[4]);
  KernelText kernel("movement");
  if (op < 2) {
    std::string part = tensor({size, c}, element),
                whole = tensor({size + block, c}, element);
    std::string a = kernel.operand(part);
    if (op == 0) {
      kernel.yield(kernel.value("bcssl.pad " + a + " at " +
                                std::to_string(block / 2) + " : " + part +
                                " -> " + whole),
                   whole);
      return kernel.program();
    }
    std::string other = tensor({block, c}, element);
    kernel.yield(kernel.value("bcssl.concat " + a + ", " +
                              kernel.operand(other) + " : " + part + ", " +
                              other + " -> " + whole),
                 whole);
    return kernel.program();
  }
  std::string map = tensor({2, size * block, size * block, c}, element),
              patches = tensor({2, size, size, block * block * c}, element);
  std::string from = op == 2 ? map : patches, to = op == 2 ? patches : map;
  kernel.yield(
      kernel.value(
          (op == 2 ? "bcssl.space_to_depth " : "bcssl.depth_to_space ") +
          kernel.operand(from) + " block(" + std::to_string(block) +
          ") : " + from + " -> " + to),
      to);
  return kernel.program();
}

int64_t workOfMovement(const Setting &setting) {
  int64_t c = setting[1], size = setting[2], block = setting[3];
  return 2 * size * size * block * block * c * (inputWork + resultWork);
}

} // namespace bcssl::test
