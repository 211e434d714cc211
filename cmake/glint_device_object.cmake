# SPDX-License-Identifier: Apache-2.0
# Run with cmake -P by glint_add_kernels: takes what nvcc made of a file with kernels, and gives every symbol that others could
# see a prefix of the file's own, because the host's compilation of the same file has the same names. Writes the renamed
# object, and the table of the pairs.
#
#   NM, OBJCOPY: the tools; OBJECT: nvcc's; RENAMED, TABLE: what is written; UNIT: an identifier of the file.
set(prefix "glint_device.${UNIT}.")

function(read_symbols result)
  execute_process(COMMAND ${NM} --defined-only --format=posix ${ARGN} ${OBJECT}
    OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX REPLACE " [^\n]*\n" ";" names "${output}")
  set(${result} ${names} PARENT_SCOPE)
endfunction()

read_symbols(all)
read_symbols(global -g)

# nvcc makes a function `...__device_stub_<symbol><its parameters>` for each kernel.
set(renames "")
set(declarations "")
set(pairs "")
set(count 0)
foreach(symbol IN LISTS global)
  string(APPEND renames "${symbol} ${prefix}${symbol}\n")
  string(FIND "${all}" "__device_stub_${symbol}" stub)
  string(LENGTH "${symbol}" length)
  string(FIND "${all}" "__device_stub__Z${length}${symbol}" plain_stub)  # of an extern "C" kernel
  if(stub EQUAL -1 AND plain_stub EQUAL -1)
    continue()
  endif()
  string(APPEND declarations "__attribute__((weak)) void on_host_${count}() __asm__(\"${symbol}\");\n"
    "void on_device_${count}() __asm__(\"${prefix}${symbol}\");\n")
  string(APPEND pairs
    "    {reinterpret_cast<const void*>(&on_host_${count}), reinterpret_cast<const void*>(&on_device_${count})},\n")
  math(EXPR count "${count} + 1")
endforeach()

file(WRITE ${RENAMED}.renames "${renames}")
execute_process(COMMAND ${OBJCOPY} --redefine-syms=${RENAMED}.renames ${OBJECT} ${RENAMED} COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${TABLE} "// Made by cmake/glint_device_object.cmake.
#include <glint/gpu/detail/kernel_table.hpp>

extern \"C\" {
${declarations}int launch_on_device(glint::gpu::detail::device_launch&) __asm__(\"${prefix}glint_launch_on_device\");
extern glint::gpu::detail::kernel_table glint_kernels_${UNIT};
}

namespace {
const glint::gpu::detail::kernel_pair pairs[] = {
${pairs}    {nullptr, nullptr},
};
}

glint::gpu::detail::kernel_table glint_kernels_${UNIT}{.pairs = pairs, .count = ${count}, .launch = &launch_on_device};
")
