#include "scratch/lib.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
TEST(Hello, Works) { auto h = Hello(1); ASSERT_TRUE(h.ok()); EXPECT_THAT(*h, testing::HasSubstr("hello 6!")); EXPECT_FALSE(Hello(-1).ok()); }
TEST(Hello, Race) { EXPECT_EQ(Race(), 2000); }
