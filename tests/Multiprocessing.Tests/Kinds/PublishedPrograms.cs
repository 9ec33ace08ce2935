namespace Multiprocessing.Tests;

/// <summary>Programs that are published, in all the ways that there are.</summary>
public sealed class PublishedPrograms : BuiltPrograms
{
    public PublishedPrograms()
        : base("Publish")
    {
        AheadOfTime = Published("ahead-of-time", "<PublishAot>true</PublishAot><TreatWarningsAsErrors>false</TreatWarningsAsErrors>"); // first: it takes longest
        AheadOfTimeBare = Published("ahead-of-time-bare", "<PublishAot>true</PublishAot><TrimMode>full</TrimMode><TreatWarningsAsErrors>false</TreatWarningsAsErrors>");
        Trimmed = Published("trimmed", Trimming);
        TrimmedBare = Published("trimmed-bare", Trimming, """<PackageReference Include="Multiprocessing" Version="*-*" ExcludeAssets="build;buildTransitive" />""");
        SingleFile = Published("single-file", "<PublishSingleFile>true</PublishSingleFile><SelfContained>false</SelfContained>");
        WholeInOne = Published("whole-in-one", "<PublishSingleFile>true</PublishSingleFile><SelfContained>true</SelfContained>");
        Extracting = Published("extracting", "<PublishSingleFile>true</PublishSingleFile><SelfContained>true</SelfContained><IncludeAllContentForSelfExtract>true</IncludeAllContentForSelfExtract>");
        SelfContained = Published("self-contained", "<SelfContained>true</SelfContained>");
        Precompiled = Published("precompiled", "<PublishReadyToRun>true</PublishReadyToRun><SelfContained>false</SelfContained>");
        Build();
    }

    private static string Switch => """<RuntimeHostConfigurationOption Include="Kinds.Switch" Value="on" />""";

    /// <summary>The library's reflection makes the trimmer warn.</summary>
    private static string Trimming => "<PublishTrimmed>true</PublishTrimmed><SelfContained>true</SelfContained><TreatWarningsAsErrors>false</TreatWarningsAsErrors>";

    internal BuiltProgram AheadOfTime { get; }

    /// <summary>Compiled ahead of time, and trimmed against the package's settings.</summary>
    internal BuiltProgram AheadOfTimeBare { get; }

    internal BuiltProgram Trimmed { get; }

    /// <summary>Trimmed, without the settings that come with the package.</summary>
    internal BuiltProgram TrimmedBare { get; }

    /// <summary>One file, on the framework that is installed.</summary>
    internal BuiltProgram SingleFile { get; }

    /// <summary>One file with the framework in it.</summary>
    internal BuiltProgram WholeInOne { get; }

    /// <summary>One file that unpacks itself before it runs.</summary>
    internal BuiltProgram Extracting { get; }

    internal BuiltProgram SelfContained { get; }

    internal BuiltProgram Precompiled { get; }

    private BuiltProgram Published(string name, string properties, string? reference = null)
    {
        properties = $"<RuntimeIdentifier>{RuntimeIdentifier}</RuntimeIdentifier><OutputPath>built/</OutputPath><InvariantGlobalization>true</InvariantGlobalization>{properties}";
        return Add(reference is null ? new BuiltProgram(Root, name) { Properties = properties, Items = Switch } : new BuiltProgram(Root, name) { Properties = properties, Reference = reference });
    }
}
