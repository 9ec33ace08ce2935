using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;

// It builds a program of its own, library included, which takes long on a busy machine.
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, ManualConfig.Create(DefaultConfig.Instance).WithBuildTimeout(TimeSpan.FromMinutes(10)));
