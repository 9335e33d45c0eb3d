#include <iostream>
#include "scratch/lib.h"
int main() { std::cout << *Hello(1) << "\n"; }
struct A { virtual ~A() {} virtual void f() {} };
struct B : A { virtual void f() {} };
int* p = 0;
