# SPDX-License-Identifier: Apache-2.0
include(GoogleTest)

# What comes out the same in whatever way Glint is compiled is tested once: without sanitizers and without CUDA.
set(glint_test_once ON)
if(GLINT_SANITIZE OR GLINT_CUDA)
  set(glint_test_once OFF)
endif()

set(GLINT_TEST_LABEL "" CACHE STRING "Build only the test programs that have this label; empty: all")

# glint_name_test_sources(a_test.cpp ...): these test files are known, also where no target has them.
function(glint_name_test_sources)
  foreach(source IN LISTS ARGN)
    get_filename_component(path ${source} ABSOLUTE)
    set_property(GLOBAL APPEND PROPERTY GLINT_TEST_SOURCES ${path})
  endforeach()
endfunction()

# glint_add_test(NAME SOURCES a_test.cpp ... LIBRARIES glint::core [ONCE] [LABELS gpu] [ENVIRONMENT A=1 ...]
# [TIMEOUT seconds]): one GoogleTest program; each case becomes a CTest test named NAME.Suite.Case. A case that hangs is
# ended, by its name, when nine tenths of the time are over (tests/support/test_main.cpp). The label gpu: it may come out
# differently where there is CUDA.
function(glint_add_test name)
  cmake_parse_arguments(arg "ONCE" "TIMEOUT" "SOURCES;LIBRARIES;LABELS;ENVIRONMENT" ${ARGN})
  glint_name_test_sources(${arg_SOURCES})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  math(EXPR limit_ms "${arg_TIMEOUT} * 900")
  list(APPEND arg_ENVIRONMENT GLINT_TEST_LIMIT_MS=${limit_ms})
  glint_add_program(${name} SOURCES ${arg_SOURCES} LIBRARIES ${arg_LIBRARIES} glint_test_main)
  if((arg_ONCE AND NOT glint_test_once) OR (GLINT_TEST_LABEL AND NOT GLINT_TEST_LABEL IN_LIST arg_LABELS))
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  if(arg_SOURCES MATCHES "\\.cu")
    # nvcc takes none.
  elseif(TARGET glint_core_test_headers AND "glint::core" IN_LIST arg_LIBRARIES)
    target_precompile_headers(${name} REUSE_FROM glint_core_test_headers)
  elseif(TARGET glint_test_main)
    target_precompile_headers(${name} REUSE_FROM glint_test_main)
  endif()
  gtest_discover_tests(${name} TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${arg_TIMEOUT})
  # Lists do not survive gtest_discover_tests: these properties are set by a script that ctest reads after its own.
  set(script ${CMAKE_CURRENT_BINARY_DIR}/${name}_properties.cmake)
  file(WRITE ${script} "if(${name}_TESTS)\n"
    "  set_tests_properties(\${${name}_TESTS} PROPERTIES LABELS \"${arg_LABELS}\" ENVIRONMENT \"${arg_ENVIRONMENT}\")\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${script})
endfunction()

# glint_add_compile_fail_test(FILE MESSAGE regex LIBRARIES glint::core): FILE must compile as it is and must fail with
# MESSAGE as the compiler's first error when GLINT_COMPILE_FAIL is defined. The file's macro WRONG(good, bad) picks the one
# token that differs. Tested once, too.
function(glint_add_compile_fail_test file)
  cmake_parse_arguments(arg "" "MESSAGE" "LIBRARIES" ${ARGN})
  get_filename_component(stem ${file} NAME_WE)
  set(target compile_fail_${stem})
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${file})
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES})
  glint_settings(${target})
  glint_name_test_sources(${file})
  get_filename_component(path ${file} ABSOLUTE)
  if(NOT glint_test_once)
    return()
  endif()
  add_test(NAME compile_fail.${stem}
    COMMAND ${CMAKE_SOURCE_DIR}/scripts/compile_fail.py --source ${path} --message "${arg_MESSAGE}"
            --compiler ${CMAKE_CXX_COMPILER} -- -std=c++20
            "$<$<BOOL:$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>>:-I$<JOIN:$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>,;-I>>"
            "$<$<BOOL:$<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>>:-D$<JOIN:$<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>,;-D>>"
    COMMAND_EXPAND_LISTS)
  set_tests_properties(compile_fail.${stem} PROPERTIES TIMEOUT 120 LABELS compile_fail)
endfunction()
