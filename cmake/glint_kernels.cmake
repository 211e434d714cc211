# SPDX-License-Identifier: Apache-2.0

# glint_add_kernels(TARGET a.cu ...): adds files with kernels to a target of the same directory that links to glint::gpu or
# to more. Each is compiled by the host's compiler, with the target's own settings, for the emulated device; and where
# GLINT_CUDA is on a second time, by nvcc, whose symbols get names of their own. `launch<kernel>` in any file of the program
# then finds both. docs/decisions/0012-kernels-compiled-twice.md says why so.
function(glint_add_kernels target)
  foreach(source IN LISTS ARGN)
    get_filename_component(path ${source} ABSOLUTE)
    get_filename_component(stem ${source} NAME_WE)
    string(MAKE_C_IDENTIFIER "${target}_${stem}" unit)
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/glint_kernels/${unit})
    set(registration "")
    if(GLINT_CUDA)
      # Refers to the table from where the kernels are, so that an archive's member brings it along.
      set(registration "#include <glint/gpu/detail/kernel_table.hpp>
extern \"C\" glint::gpu::detail::kernel_table glint_kernels_${unit};
static const glint::gpu::detail::kernel_registration registration(glint_kernels_${unit});\n")
      glint_compile_for_device(${target} ${unit} ${path} ${folder})
    endif()
    file(CONFIGURE OUTPUT ${folder}/${stem}.cpp CONTENT "#include \"${path}\"\n${registration}" @ONLY)
    target_sources(${target} PRIVATE ${folder}/${stem}.cpp)
    set_source_files_properties(${folder}/${stem}.cpp PROPERTIES
      COMPILE_DEFINITIONS GLINT_KERNEL_SOURCE SKIP_PRECOMPILE_HEADERS ON)
  endforeach()
endfunction()

# The second half: nvcc's object, renamed, and the table of its kernels.
function(glint_compile_for_device target unit path folder)
  set(compiled ${unit}_for_device)
  add_library(${compiled} OBJECT ${path})
  target_link_libraries(${compiled} PRIVATE glint::gpu)
  target_include_directories(${compiled} PRIVATE $<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>)
  target_compile_definitions(${compiled} PRIVATE GLINT_KERNEL_SOURCE $<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>)
  # Kernels that are templates have to be seen from outside of the object, as others are.
  target_compile_options(${compiled} PRIVATE -static-global-template-stub=false --expt-relaxed-constexpr)
  set_target_properties(${compiled} PROPERTIES POSITION_INDEPENDENT_CODE ON CUDA_STANDARD 20)
  set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/glint_device_object.cmake)
  add_custom_command(
    OUTPUT ${folder}/device.o ${folder}/table.cpp
    COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DOBJCOPY=${CMAKE_OBJCOPY} -DUNIT=${unit} -DOBJECT=$<TARGET_OBJECTS:${compiled}>
            -DRENAMED=${folder}/device.o -DTABLE=${folder}/table.cpp -P ${script}
    DEPENDS $<TARGET_OBJECTS:${compiled}> ${script}
    COMMENT "Renaming what nvcc made of ${path}" VERBATIM)
  set_source_files_properties(${folder}/device.o PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  set_source_files_properties(${folder}/table.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE ${folder}/device.o ${folder}/table.cpp)
  target_link_libraries(${target} PRIVATE CUDA::cudart_static)
endfunction()
