# SPDX-License-Identifier: Apache-2.0
# The gates that only the build can hold. Those that read the tree alone are in scripts/gates/.

option(GLINT_HEADER_CHECK "Compile every public header alone, as part of the default build" OFF)

# glint_add_header_check(MODULE DIR): compiles each header below DIR/include as a file of its own, twice included, with
# what glint::MODULE gives to its users and nothing else. Adds to the target header_check. No debug information and no
# optimization: only the front end's verdict is wanted.
function(glint_add_header_check module dir)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${dir}/include ${dir}/include/*.hpp)
  set(units)
  foreach(header IN LISTS headers)
    set(unit ${CMAKE_BINARY_DIR}/header_check/${module}/${header}.cpp)
    file(CONFIGURE OUTPUT ${unit} CONTENT "#include <${header}>\n#include <${header}>\n" @ONLY)
    list(APPEND units ${unit})
  endforeach()
  if(NOT TARGET header_check)
    add_custom_target(header_check)
  endif()
  if(NOT units)
    return()
  endif()
  set(target header_check_${module})
  add_library(${target} OBJECT ${units})
  target_link_libraries(${target} PRIVATE glint::${module})
  glint_settings(${target})
  target_compile_options(${target} PRIVATE -O0 -g0)
  if(NOT GLINT_HEADER_CHECK)
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  add_dependencies(header_check ${target})
endfunction()

# glint_add_header_checks(): the same for all modules that exist when it is called.
function(glint_add_header_checks)
  get_property(modules GLOBAL PROPERTY GLINT_MODULES)
  foreach(module IN LISTS modules)
    get_target_property(dir glint_${module} SOURCE_DIR)
    glint_add_header_check(${module} ${dir})
  endforeach()
endfunction()

# glint_check_test_sources(DIR): fails the configure step if a test file below DIR is named by no target, since it would
# never run and nobody would notice. Call it after every test was added.
function(glint_check_test_sources dir)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS ${dir}/*_test.cpp ${dir}/*_test.cu)
  file(GLOB compile_fail CONFIGURE_DEPENDS ${dir}/compile_fail/*.cpp)
  set(found ${found} ${compile_fail})
  list(FILTER found EXCLUDE REGEX "^${dir}/gates/")  # planted violations
  get_property(named GLOBAL PROPERTY GLINT_TEST_SOURCES)
  if(named)
    list(REMOVE_ITEM found ${named})
  endif()
  if(found)
    list(REMOVE_DUPLICATES found)
    list(JOIN found "\n  " lines)
    message(FATAL_ERROR "No target names these test files, so they would never run:\n  ${lines}\n"
      "Add them with glint_add_test or glint_add_compile_fail_test.")
  endif()
endfunction()
