# One row per instruction set: every file of kernels is compiled once for each, with exactly these
# flags; nothing else in the project gets any. Later rows are preferred at run time where the CPU has
# them (csrc/kernels/dispatch/table.cpp).
set(FASTCNN_ISAS baseline)
set(FASTCNN_FLAGS_baseline "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  # Every such CPU has 128-bit vectors with FMA.
  set(FASTCNN_ISAS neon)
  set(FASTCNN_FLAGS_neon "")
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT MSVC)
  # Not -march=x86-64-v3: table.cpp must be able to test for everything that is used.
  set(FASTCNN_FLAGS_baseline -msse4.2 -mpopcnt)
  list(APPEND FASTCNN_ISAS avx2 avx512)
  set(FASTCNN_FLAGS_avx2 -mavx2 -mfma -mprfchw)
  # Without prefer-vector-width g++ would compile plain loops for 256-bit registers.
  set(FASTCNN_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprfchw
      -mprefer-vector-width=512)
  # Dot products only; everything else is avx512's.
  list(APPEND FASTCNN_ISAS avx512_bf16)
  set(FASTCNN_FLAGS_avx512_bf16 ${FASTCNN_FLAGS_avx512} -mavx512vnni -mavx512bf16)
endif()

# Fewer compile faster: make sanitize.
set(FASTCNN_ONLY_ISAS "" CACHE STRING "Instruction sets to compile kernels for; empty: all")
if(FASTCNN_ONLY_ISAS)
  set(FASTCNN_ISAS ${FASTCNN_ONLY_ISAS})
endif()

# Each object exports one constant table of its family, fastcnn::<isa>::<file>, and nothing else
# (tools/check_isa_objects.sh). The files that need dot products of small numbers are named *_dot.cpp
# and compiled for the instruction sets that have them; the others are compiled for all the rest.
file(GLOB FASTCNN_KERNELS CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/csrc/kernels/*/*.cpp)
list(FILTER FASTCNN_KERNELS EXCLUDE REGEX "/dispatch/")
set(FASTCNN_DOT_KERNELS ${FASTCNN_KERNELS})
list(FILTER FASTCNN_DOT_KERNELS INCLUDE REGEX "_dot\\.cpp$")
list(FILTER FASTCNN_KERNELS EXCLUDE REGEX "_dot\\.cpp$")

set(FASTCNN_ISA_DEFINITIONS "")
set(FASTCNN_KERNEL_OBJECTS "")
foreach(isa IN LISTS FASTCNN_ISAS)
  set(target isa_${isa})
  if(isa STREQUAL "avx512_bf16")
    add_library(${target} OBJECT ${FASTCNN_DOT_KERNELS})
  else()
    add_library(${target} OBJECT ${FASTCNN_KERNELS})
  endif()
  target_link_libraries(${target} PRIVATE fastcnn_options)
  target_compile_definitions(${target} PRIVATE FASTCNN_ISA=${isa})
  target_compile_options(${target} PRIVATE ${FASTCNN_FLAGS_${isa}} -ffp-contract=fast -fno-math-errno
    -fno-trapping-math -fno-exceptions -fno-rtti -fno-asynchronous-unwind-tables -Wno-psabi
    ${FASTCNN_KERNEL_SANITIZE_FLAGS})
  set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
  list(APPEND FASTCNN_KERNEL_OBJECTS $<TARGET_OBJECTS:${target}>)
  string(TOUPPER ${isa} upper)
  list(APPEND FASTCNN_ISA_DEFINITIONS FASTCNN_HAVE_${upper})
endforeach()
