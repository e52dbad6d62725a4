//===- Run.cpp - kernels in LLVM assembly and their run -------------------===//

#include "test/tools/simt/Run.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <regex>
#include <set>
#include <sstream>

namespace bcssl::simt::test {
namespace {

/// Declarations of the intrinsics that a body calls, from the calls themselves.
std::string declarations(const std::string &body) {
  std::regex call(R"(call ([^@\n]*)@([A-Za-z0-9_.]+)\((.*)\))");
  std::set<std::string> lines;
  for (std::sregex_iterator i(body.begin(), body.end(), call), end; i != end;
       ++i) {
    std::string types, list = (*i)[3];
    std::regex operand(R"((ptr addrspace\(\d\)|<[^>]*>|[a-z0-9]+) [^,]+)");
    for (std::sregex_iterator j(list.begin(), list.end(), operand); j != end;
         ++j)
      types += (types.empty() ? "" : ", ") + (*j)[1].str();
    lines.insert("declare " + (*i)[1].str() + "@" + (*i)[2].str() + "(" +
                 types + ")\n");
  }
  return std::accumulate(lines.begin(), lines.end(), std::string());
}

std::string assemble(const std::string &body, size_t parameters) {
  std::string list, lines, metadata;
  for (size_t i = 0; i < parameters; ++i)
    list += (i ? ", ptr addrspace(1) %p" : "ptr addrspace(1) %p") +
            std::to_string(i);
  std::string whole = "%tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()\n"
                      "%lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()\n"
                      "%block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()\n" +
                      body + "\nret void\n";
  std::istringstream stream(whole);
  int number = -2; // the body's first line is line 1
  for (std::string line; std::getline(stream, line); ++number) {
    bool isInstruction = line.find('=') != line.npos ||
                         line.find("call") == 0 || line.find("store") == 0;
    lines += line;
    if (isInstruction && number > 0) {
      lines += ", !dbg !" + std::to_string(100 + number);
      metadata += "!" + std::to_string(100 + number) +
                  " = !DILocation(line: " + std::to_string(number) +
                  ", scope: !3)\n";
    }
    lines += "\n";
  }
  return "; a kernel of a test\n"
         "target triple = \"nvptx64-nvidia-cuda\"\n"
         "@shared = external addrspace(3) global [0 x i8], align 1024\n" +
         declarations(whole) + "define ptx_kernel void @f(" + list +
         ") !dbg !3 {\n" + lines +
         "}\n"
         "!llvm.dbg.cu = !{!0}\n!llvm.module.flags = !{!4}\n"
         "!0 = distinct !DICompileUnit(language: DW_LANG_C, file: !1)\n"
         "!1 = !DIFile(filename: \"kernel.mlir\", directory: \"\")\n"
         "!2 = !DISubroutineType(types: !5)\n"
         "!3 = distinct !DISubprogram(name: \"f\", file: !1, type: !2, "
         "unit: !0, spFlags: DISPFlagDefinition)\n"
         "!4 = !{i32 2, !\"Debug Info Version\", i32 3}\n!5 = !{}\n" +
         metadata;
}

} // namespace

std::vector<std::string> KernelRun::run() {
  auto [program, problem] =
      Program::load(assemble(body, buffers.size()), options.checks);
  if (!program)
    return {problem + "\n" + assemble(body, buffers.size())};
  auto [kernel, fault] = program->find("f");
  if (!kernel)
    return {fault};
  Machine machine(options);
  std::vector<void *> addresses;
  std::vector<const void *> arguments;
  for (size_t i = 0; i < buffers.size(); ++i) {
    size_t bytes = buffers[i].size() * sizeof(uint32_t);
    addresses.push_back(machine.memory().allocate(bytes));
    if (std::ranges::count(unwritten, i))
      continue;
    std::memcpy(addresses[i], buffers[i].data(), bytes);
    machine.memory().noteWritten(addresses[i], bytes);
  }
  if (prepare)
    prepare(addresses);
  for (void *&address : addresses)
    arguments.push_back(&address);
  Grid grid{{blocks, 1, 1}, {threads, 1, 1}, sharedBytes};
  if (std::string refusal = Machine::problemOf(*kernel, grid); !refusal.empty())
    return {refusal};
  machine.launch(*kernel, grid, arguments.data());
  for (size_t i = 0; i < buffers.size(); ++i)
    std::memcpy(buffers[i].data(), addresses[i],
                buffers[i].size() * sizeof(uint32_t));
  findings = machine.findings().all();
  std::vector<std::string> texts;
  for (const Finding &finding : findings)
    texts.push_back(std::string(nameOf(finding.kind)) + ": " + finding.detail);
  return texts;
}

std::vector<uint32_t> counting(uint32_t count) {
  std::vector<uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

} // namespace bcssl::simt::test
