# unbook_test(<name> <unit|integration> SOURCES a.c ... LIBS target ...)
#   one Criterion binary at bin/tests/<kind>/<name>, known to ctest under that label.
# unbook_fuzz(<name> SOURCES a.c ... LIBS target ...)
#   a file with LLVMFuzzerTestOneInput becomes bin/tests/fuzz/<name>. It replays the files and
#   directories named on its command line; with -DUNBOOK_FUZZER=ON (clang) it is a real fuzzer.

include_guard(GLOBAL)
option(UNBOOK_FUZZER "link the fuzz targets with libFuzzer (clang only)" OFF)

if(UNBOOK_SANITIZE STREQUAL "thread")
	# Criterion cannot run under ThreadSanitizer; see tests/support/criterion_plain.
	set(CRITERION_INCLUDE ${PROJECT_SOURCE_DIR}/tests/support/criterion_plain)
	add_library(criterion_plain OBJECT ${CRITERION_INCLUDE}/plain_main.c)
	target_include_directories(criterion_plain PRIVATE ${CRITERION_INCLUDE})
	target_link_libraries(criterion_plain PRIVATE unbook_hardening)
	set(CRITERION_LIBRARY criterion_plain)
else()
	find_path(CRITERION_INCLUDE criterion/criterion.h)
	find_library(CRITERION_LIBRARY criterion)
endif()
if(CRITERION_INCLUDE AND CRITERION_LIBRARY)
	set(UNBOOK_TESTS_POSSIBLE ON)
else()
	message(STATUS "Criterion is not installed: tests are not built")
	set(UNBOOK_TESTS_POSSIBLE OFF)
endif()

# All tests of a kind, for a build that runs nothing else.
add_custom_target(unit_tests)
add_custom_target(integration_tests)

# Criterion's macros and a test's literals are not written for these.
# Linked after unbook_hardening, so that these options come last.
add_library(unbook_test_relaxed INTERFACE)
target_compile_options(unbook_test_relaxed INTERFACE -Wno-conversion -Wno-shadow -Wno-missing-prototypes
	-Wno-missing-field-initializers -Wno-undef)
if(UNBOOK_SANITIZE)
	# Of a whole build half the time went into optimising Criterion's macros.
	target_compile_options(unbook_test_relaxed INTERFACE -O0)
endif()

function(unbook_test name kind)
	cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
	if(NOT kind MATCHES "^(unit|integration)$")
		message(FATAL_ERROR "unbook_test(${name}): kind is unit or integration, not ${kind}")
	endif()
	set(target test_${kind}_${name})
	add_executable(${target} ${ARG_SOURCES})
	set_target_properties(${target} PROPERTIES
		OUTPUT_NAME ${name}
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests/${kind})
	target_include_directories(${target} SYSTEM PRIVATE ${CRITERION_INCLUDE})
	target_compile_definitions(${target} PRIVATE UNBOOK_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
	target_link_libraries(${target} PRIVATE unbook_hardening unbook_test_relaxed ${ARG_LIBS} ${CRITERION_LIBRARY})
	add_dependencies(${kind}_tests ${target})
	add_test(NAME ${kind}/${name} COMMAND ${target})
	set_tests_properties(${kind}/${name} PROPERTIES LABELS ${kind} TIMEOUT 120)
endfunction()

function(unbook_fuzz name)
	cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
	set(target fuzz_${name})
	add_executable(${target} ${ARG_SOURCES})
	set_target_properties(${target} PROPERTIES
		OUTPUT_NAME ${name}
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests/fuzz)
	target_link_libraries(${target} PRIVATE unbook_hardening unbook_test_relaxed ${ARG_LIBS})
	if(UNBOOK_FUZZER)
		target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
		target_link_options(${target} PRIVATE -fsanitize=fuzzer)
	else()
		target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
	endif()
	# The saved inputs, one run each; part of the unit tests, so that every run of those replays them.
	set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
	if(UNBOOK_FUZZER)
		add_test(NAME fuzz/${name} COMMAND ${target} -runs=0 ${corpus})
	else()
		add_test(NAME fuzz/${name} COMMAND ${target} ${corpus})
	endif()
	set_tests_properties(fuzz/${name} PROPERTIES LABELS "unit;fuzz" TIMEOUT 60)
endfunction()

if(UNBOOK_FUZZER)
	# coverage of what is fuzzed, not only of the target's own file
	target_compile_options(unbook_hardening INTERFACE -fsanitize=fuzzer-no-link)
endif()
