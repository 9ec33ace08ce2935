namespace Multiprocessing.Tests;

public sealed class ErrorTypeTests
{
    [Fact]
    [Conformance(258)]
    public void The_packages_own_errors_have_one_base_class()
    {
        Type[] errors =
        [
            .. typeof(ChildProcess).Assembly.GetExportedTypes().Where(type => type.IsAssignableTo(typeof(Exception)) && type != typeof(ProcessExitException)), // which is a request
        ];
        Assert.Contains(typeof(ChildFailedException), errors);
        Assert.All(errors, error => Assert.True(error.IsAssignableTo(typeof(MultiprocessingException)), $"{error} has another base."));
    }
}
